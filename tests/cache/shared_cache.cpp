// SPDX-License-Identifier: MIT
#include "resilience/drive.hpp"
#include "support/until_cancelled.hpp"
#include <weir/cache/cache_metrics.hpp>
#include <weir/cache/memory_cache_store.hpp>
#include <weir/cache/shared_cache.hpp>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using test_support::started;

namespace {

struct shared_page {
    std::string title{};
    int number = 0;
};
BOOST_DESCRIBE_STRUCT(shared_page, (), (title, number))

// A store that fails or hangs when the test says so.
class unsteady_store final : public cache_store {
public:
    enum class mood { well, failing, hanging };

    explicit unsteady_store(const weir::clock& time) : inner({.time = &time}) {}

    task<result<cache_store_entry>> get(std::string_view key) override {
        ++calls;
        if (mood_now == mood::hanging) (void)co_await test_support::until_cancelled();
        if (mood_now != mood::well) co_return errc::unavailable;
        co_return co_await inner.get(key);
    }
    task<result<bool>> set(std::string_view key, std::string_view value, duration ttl, std::uint64_t lease) override {
        ++calls;
        if (mood_now != mood::well) co_return errc::unavailable;
        co_return co_await inner.set(key, value, ttl, lease);
    }
    task<result<void>> erase(std::string_view key) override {
        ++calls;
        if (mood_now != mood::well) co_return errc::unavailable;
        co_return co_await inner.erase(key);
    }
    std::shared_ptr<void> subscribe(std::string_view prefix, cache_feed to) override {
        if (deaf) return inner.subscribe("no key begins so", std::move(to));
        return inner.subscribe(prefix, std::move(to));
    }

    memory_cache_store inner;
    mood mood_now = mood::well;
    bool deaf = false; // its announcements are lost
    int calls = 0;
};

using mood = unsteady_store::mood;

// Two instances of a service with one store and one source.
struct shared_cache_fixture {
    using strings = shared_cache<std::string, std::string>;
    using call = started<result<std::string>>;

    shared_cache_options options() {
        shared_cache_options made{.prefix = "rooms:", .ttl = 60s, .ttl_jitter = 0, .level1_ttl = 5s};
        made.level1.error_ttl = 0s;
        made.level1.time = &time;
        return made;
    }

    manual_clock time;
    loop home{time};
    unsteady_store store{time};
    strings here{store, options()};
    strings there{store, options()};
    int loads = 0;
    std::string source = "old";
    error failure{};

    result<std::string> get(strings& from, std::string_view key = "a") {
        auto load = [this]() -> result<std::string> {
            ++loads;
            if (failure) return failure;
            return source;
        };
        auto got = home.block_on(from.get_or(key, load));
        home.poll(); // the value is stored in the background
        return got;
    }
};

} // namespace

TEST_CASE_FIXTURE(shared_cache_fixture, "a value loaded by one instance is found by the other") {
    CHECK(get(here).value() == "old");
    CHECK(get(there).value() == "old");
    CHECK(get(there).value() == "old");
    CHECK(loads == 1);
    CHECK(there.stats().store_hits == 1);
    CHECK(there.stats().level1.hits == 1);
    CHECK(here.stats().written == 1);
    CHECK(home.block_on(store.inner.get("rooms:a"))->value == "+old");
    time.advance(60s);
    CHECK(get(there).value() == "old");
    CHECK(loads == 2);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "an erasure reaches the store and the other instance") {
    get(here);
    get(there);
    source = "new";
    CHECK(home.block_on(here.erase("a")).has_value());
    CHECK(!there.find("a"));
    CHECK(get(there).value() == "new");
    CHECK(get(here).value() == "new");
    CHECK(loads == 2);
    CHECK(there.stats().announced == 1);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "without announcements an old value lives for level1_ttl at most") {
    store.deaf = true;
    strings deaf(store, options());
    get(deaf);
    source = "new";
    CHECK(home.block_on(here.erase("a")).has_value());
    time.advance(5s - 1ns);
    CHECK(get(deaf).value() == "old");
    time.advance(1ns);
    CHECK(get(deaf).value() == "new");
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a gap in the announcements empties level 1") {
    get(here);
    get(there);
    store.inner.report_gap();
    CHECK(!here.find("a"));
    CHECK(!there.find("a"));
    CHECK(there.stats().gaps == 1);
    CHECK(get(there).value() == "old");
    CHECK(loads == 1);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a value read before an erasure can't replace it in the store") {
    auto slow = [this]() -> task<result<std::string>> {
        std::string read = source;
        (void)co_await sleep_for(1s);
        co_return read;
    };
    call first(home, there.get_or("a", slow));
    source = "new";
    CHECK(home.block_on(here.erase("a")).has_value());
    time.advance(1s);
    home.poll();
    CHECK(first.outcome().value() == "old"); // its call began before the erasure
    CHECK(there.stats().outdated == 1);
    CHECK(!there.find("a"));
    CHECK(get(there).value() == "new");
}

TEST_CASE_FIXTURE(shared_cache_fixture, "an absence is shared for its own time") {
    failure = errc::not_found;
    CHECK(get(here).error() == errc::not_found);
    CHECK(get(there).error() == errc::not_found);
    CHECK(loads == 1);
    failure = {};
    time.advance(1s);
    CHECK(get(there).value() == "old");
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a failed load isn't shared") {
    failure = errc::unavailable;
    CHECK(get(here).error() == errc::unavailable);
    failure = {};
    CHECK(get(there).value() == "old");
    CHECK(loads == 2);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "while the store fails, level 1 and the loader serve") {
    store.mood_now = mood::failing;
    for (int i = 0; i < 10; ++i) CHECK(get(here, std::to_string(i)).value() == "old");
    CHECK(get(here, "0").value() == "old");
    CHECK(loads == 10);
    CHECK(here.stats().store_failures == 2); // then the breaker is open
    CHECK(here.stats().store_skipped == 8);
    CHECK(!here.stats().store_available);
    store.mood_now = mood::well;
    time.advance(100ms);
    CHECK(get(here, "probe").value() == "old");
    CHECK(here.stats().store_available);
    CHECK(get(there, "probe").value() == "old");
    CHECK(there.stats().store_hits == 1);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a store that hangs costs its timeout at most") {
    store.mood_now = mood::hanging;
    auto load = [] { return std::string("loaded"); };
    call first(home, here.get_or("a", load));
    time.advance(100ms - 1ns);
    home.poll();
    CHECK(!first.ended());
    time.advance(1ns);
    home.poll();
    REQUIRE(first.ended());
    CHECK(first.outcome().value() == "loaded");
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a caller's own deadline says nothing of the store") {
    store.mood_now = mood::hanging;
    auto load = [] { return std::string("loaded"); };
    for (int i = 0; i < 4; ++i) {
        call hurried(home, here.get_or("a", load), time.now() + 10ms);
        time.advance(10ms);
        home.poll();
        REQUIRE(hurried.ended());
    }
    CHECK(here.stats().store_available);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "an erasure that the store can't take is sent later") {
    get(here);
    store.mood_now = mood::failing;
    source = "new";
    CHECK(home.block_on(here.erase("a")).error() == errc::unavailable);
    CHECK(here.stats().unsent_erasures == 1);
    CHECK(get(here).value() == "new"); // not the store's old value
    store.mood_now = mood::well;
    time.advance(5s);
    CHECK(home.block_on(here.flush()).has_value());
    CHECK(here.stats().unsent_erasures == 0);
    CHECK(get(there).value() == "new");
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a noted erasure is sent by the next call that uses the store") {
    get(here);
    get(there);
    source = "new";
    here.erase_later("a");
    CHECK(!here.find("a"));
    CHECK(there.find("a"));
    get(here, "b");
    CHECK(!there.find("a"));
    CHECK(get(there).value() == "new");
}

TEST_CASE_FIXTURE(shared_cache_fixture,
                  "erasures beyond the number that is kept bypass the store until its values end") {
    get(here);
    store.mood_now = mood::failing;
    for (int i = 0; i <= 10'000; ++i) here.erase_later(std::to_string(i));
    CHECK(here.stats().unsent_erasures == 10'000);
    store.mood_now = mood::well;
    const int before = store.calls;
    time.advance(10s);
    CHECK(get(here, "other").value() == "old");
    CHECK(here.stats().store_skipped == 1);
    CHECK(store.calls == before + 16); // a caller sends only some of them
    CHECK(home.block_on(here.flush()).has_value());
    CHECK(here.stats().unsent_erasures == 0);
    time.advance(50s);
    get(here, "third");
    CHECK(here.stats().store_skipped == 1);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "values are JSON, and bytes that aren't a value are loaded again") {
    shared_cache<int, shared_page> pages(store, {.prefix = "pages:", .ttl = 60s, .level1 = options().level1});
    int made = 0;
    auto load = [&] { return shared_page{.title = "seven", .number = ++made}; };
    CHECK(home.block_on(pages.get_or(7, load))->number == 1);
    home.poll();
    CHECK(home.block_on(store.inner.get("pages:7"))->value == R"(+{"title":"seven","number":1})");
    for (const char* wrong : {"", "+", "+{\"title\":1}", "-x", "?"}) {
        CHECK(home.block_on(store.erase("pages:7")).has_value());
        CHECK(home.block_on(store.set("pages:7", wrong, 60s, 0)).value());
        const int before = made;
        CHECK(home.block_on(pages.get_or(7, load))->title == "seven");
        CHECK(made == before + 1);
        home.poll();
    }
    CHECK(pages.stats().undecodable == 5);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a codec that throws keeps values in level 1") {
    cache_codec<std::string> broken{
        .encode = [](const std::string&) -> std::string { throw std::runtime_error("no"); },
        .decode = [](std::string_view) -> result<std::string> { throw std::runtime_error("no"); }};
    strings alone(store, options(), broken);
    CHECK(get(alone).value() == "old");
    CHECK(get(there).value() == "old");
    CHECK(loads == 2);
    strings other(store, options(), broken);
    CHECK(get(other).value() == "old");
    CHECK(other.stats().undecodable == 1);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "one instance asks the store once for concurrent misses") {
    auto load = [this]() -> task<result<std::string>> {
        ++loads;
        (void)co_await sleep_for(1s);
        co_return source;
    };
    call first(home, here.get_or("a", load));
    call second(home, here.get_or("a", load));
    time.advance(1s);
    home.poll();
    CHECK(first.outcome().value() == "old");
    CHECK(second.outcome().value() == "old");
    CHECK(loads == 1);
    CHECK(here.stats().store_misses == 1);
}

TEST_CASE_FIXTURE(shared_cache_fixture, "a shared cache's metrics say how its store does") {
    metrics exported;
    measure(exported, there, "rooms");
    get(here);
    get(there);
    there.erase_later("b");
    store.mood_now = mood::failing;
    get(there, "c");
    const std::string text = exported.text();
    for (const char* line : {
             "cache_store_calls_total{name=\"rooms\",outcome=\"hit\"} 1\n",
             "cache_store_calls_total{name=\"rooms\",outcome=\"miss\"} 0\n",
             "cache_store_calls_total{name=\"rooms\",outcome=\"failed\"} 1\n",
             "cache_store_available{name=\"rooms\"} 0\n",
             "cache_store_unsent_erasures{name=\"rooms\"} 1\n",
             "cache_loads_total{name=\"rooms\"} 2\n",
         }) {
        CAPTURE(line);
        CHECK(text.find(line) != std::string::npos);
    }
}

TEST_CASE_FIXTURE(shared_cache_fixture, "announcements after the end of a cache reach nothing") {
    auto gone = std::make_unique<strings>(store, options());
    get(*gone);
    gone.reset();
    CHECK(home.block_on(here.erase("a")).has_value());
    store.inner.report_gap();
}

TEST_CASE("a memory store gives the time left, and refuses values under old leases") {
    manual_clock time;
    loop home(time);
    memory_cache_store store({.time = &time});
    const auto none = home.block_on(store.get("a")).value();
    CHECK(!none.value);
    CHECK(home.block_on(store.set("a", "1", 10s, none.lease)).value());
    time.advance(4s);
    CHECK(home.block_on(store.get("a"))->ttl == 6s);
    CHECK(home.block_on(store.erase("a")).has_value());
    CHECK(!home.block_on(store.set("a", "1", 10s, none.lease)).value());
    CHECK(home.block_on(store.set("b", "1", 10s, none.lease)).value());
    CHECK(home.block_on(store.set("a", "1", 10s, 0)).value());
    for (int i = 0; i <= 10'000; ++i) CHECK(home.block_on(store.erase(std::to_string(i))).has_value());
    CHECK(!home.block_on(store.set("c", "1", 10s, none.lease)).value()); // erasures since then were forgotten
    time.advance(10s);
    CHECK(!home.block_on(store.get("a"))->value);
}

TEST_CASE("options of a shared cache that are out of range are refused with their names") {
    memory_cache_store store;
    const auto refused = [&](shared_cache_options given) {
        CHECK_THROWS_AS((shared_cache<int, int>(store, std::move(given))), std::invalid_argument);
    };
    refused({.ttl = -1s});
    refused({.ttl_jitter = 2});
    refused({.negative_ttl = -1s});
    refused({.level1_ttl = -1s});
    refused({.store_timeout = 0s});
    refused({.level1 = {.time = nullptr}});
}
