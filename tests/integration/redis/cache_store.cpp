// SPDX-License-Identifier: MIT
#include "integration/redis/fixture.hpp"
#include <weir/cache/shared_cache.hpp>
#include <weir/redis/cache_store.hpp>

using namespace redis_test;

namespace {

// An instance of a service: a client, a store and a cache of its own.
struct cache_instance {
    using strings = shared_cache<std::string, std::string>;

    static shared_cache_options options() {
        shared_cache_options made{.prefix = "rooms:", .ttl = 60s, .ttl_jitter = 0, .level1_ttl = 30s};
        made.store_timeout = 5s; // the machine may be busy
        made.level1.error_ttl = 0s;
        return made;
    }

    static redis::client_options client_options(const std::string& url) {
        auto made = options_for(url);
        made.connect_wait = 100ms;
        return made;
    }

    cache_instance(const std::string& url, loop& home, shared_cache_options given = options())
        : db(client_options(url)), store(db, home), values(store, std::move(given)) {}

    redis::client db;
    redis::cache_store store;
    strings values;
};

struct cache_store_fixture {
    redis_server server{};
    loop home{};
    cache_instance here{server.url(), home};
    cache_instance there{server.url(), home};
    std::string source = "old";
    int loads = 0;

    template<class T>
    T run(task<T> what) {
        return home.block_on(std::move(what));
    }
    void until(const std::function<bool()>& holds) { redis_fixture::run_loop_until(home, holds); }
    void until_connected() {
        until([&] { return here.store.stats().connected && there.store.stats().connected; });
    }
    result<std::string> get(cache_instance& from, std::string_view key = "a") {
        auto load = [this]() -> result<std::string> {
            ++loads;
            return source;
        };
        return run(from.values.get_or(key, load));
    }
    void get_and_store(cache_instance& from, std::string_view key = "a") {
        const auto written = from.values.stats().written;
        CHECK(get(from, key).value() == source);
        until([&] { return from.values.stats().written > written; });
    }
};

} // namespace

TEST_CASE_FIXTURE(cache_store_fixture, "a store on Redis keeps bytes until their expiry") {
    const std::string bytes("\0\xffv\r\nl", 6);
    const auto none = run(here.store.get("k")).value();
    CHECK(!none.value);
    CHECK(none.lease != 0);
    CHECK(run(here.store.set("k", bytes, 10s, none.lease)).value());
    const auto found = run(there.store.get("k")).value();
    CHECK(found.value == bytes);
    CHECK(found.ttl <= 10s);
    CHECK(found.ttl > 0s);
    CHECK(run(here.store.set("k", "", duration::max(), 0)).value());
    CHECK(run(there.store.get("k"))->value == "");
    CHECK(run(there.store.get("k"))->ttl == duration::max());
    CHECK(run(here.store.set("k", "short", 1ms, 0)).value());
    until([&] { return !run(there.store.get("k"))->value; });
    server.cli({"SET", "cache:alien", "x"});
    CHECK(run(here.store.get("alien")).error() == errc::internal);
}

TEST_CASE_FIXTURE(cache_store_fixture, "a value read before an erasure isn't stored after it") {
    const auto lease = run(here.store.get("k"))->lease;
    CHECK(run(there.store.get("k"))->lease == lease); // loads of one key share it
    CHECK(run(there.store.erase("k")).has_value());
    CHECK(!run(here.store.set("k", "old", 10s, lease)).value());
    const auto next = run(here.store.get("k"))->lease;
    CHECK(next != lease);
    CHECK(!run(here.store.set("k", "old", 10s, lease)).value());
    CHECK(run(here.store.set("k", "new", 10s, next)).value());
    CHECK(run(there.store.set("k", "new too", 10s, next)).value()); // no erasure in between
    CHECK(!run(here.store.set("k", "old", 10s, lease)).value());
    CHECK(run(here.store.set("k", "given", 10s, 0)).value());
    CHECK(run(here.store.set("k", "loaded", 10s, next)).value());
    CHECK(run(there.store.erase("k")).has_value());
    CHECK(run(here.store.set("k", "given", 10s, 0)).value());
    CHECK(!run(here.store.set("k", "old", 10s, next)).value());
    CHECK(run(here.store.get("k"))->value == "given");
    CHECK(here.store.stats().refused == 4);
}

TEST_CASE("a lease ends after its time, and with the memory of the server") {
    redis_server server;
    loop home;
    redis::client db(options_for(server.url()));
    redis::cache_store store(db, home, {.lease = 1ms});
    const auto lease = home.block_on(store.get("k"))->lease;
    redis_fixture::run_loop_until(home, [&] { return server.cli({"EXISTS", "cache:k"}) == "0"; });
    CHECK(!home.block_on(store.set("k", "late", 10s, lease)).value());

    redis::cache_store patient(db, home);
    const auto before = home.block_on(patient.get("k"))->lease;
    server.cli({"FLUSHALL"});
    CHECK(!home.block_on(patient.set("k", "old", 10s, before)).value());
    CHECK(home.block_on(patient.get("k"))->lease != before);
    CHECK(!home.block_on(patient.set("k", "old", 10s, before)).value());
}

TEST_CASE_FIXTURE(cache_store_fixture, "an erasure in one instance is seen by the other") {
    until_connected();
    get_and_store(here);
    CHECK(get(there).value() == "old");
    CHECK(loads == 1);
    CHECK(there.values.stats().store_hits == 1);
    source = "new";
    CHECK(run(here.values.erase("a")).has_value());
    until([&] { return there.values.stats().announced == 1; });
    CHECK(!there.values.find("a"));
    CHECK(get(there).value() == "new");
    CHECK(loads == 2);
}

TEST_CASE_FIXTURE(cache_store_fixture, "a feed gets the keys of its prefix until its handle ends") {
    until_connected();
    std::vector<std::string> erased;
    auto feed = here.store.subscribe("x:", {.on_erase = [&](std::string_view key) { erased.emplace_back(key); }});
    CHECK(run(there.store.erase("y:1")).has_value());
    CHECK(run(there.store.erase("x:1")).has_value());
    until([&] { return !erased.empty(); });
    CHECK(erased == std::vector<std::string>{"x:1"});
    feed.reset();
    CHECK(run(there.store.erase("x:2")).has_value());
    until([&] { return here.store.stats().received == 3; });
    CHECK(erased.size() == 1);
}

TEST_CASE_FIXTURE(cache_store_fixture, "a lost feed empties level 1 when it is back") {
    until_connected();
    get_and_store(here);
    CHECK(get(there).value() == "old");
    const auto gaps = there.values.stats().gaps;
    server.cli({"CLIENT", "KILL", "TYPE", "pubsub"});
    until([&] { return there.values.stats().gaps > gaps; });
    CHECK(!there.values.find("a"));
    CHECK(get(there).value() == "old");
    CHECK(there.values.stats().store_hits == 2);
    CHECK(loads == 1);
}

TEST_CASE_FIXTURE(cache_store_fixture, "while Redis is down, level 1 and the loader serve, and erasures wait for it") {
    until_connected();
    get_and_store(here);
    get_and_store(here, "b");
    CHECK(get(there).value() == "old");
    server.kill();
    until([&] { return !there.store.stats().connected; });
    CHECK(get(there).value() == "old");
    CHECK(loads == 2);
    source = "new";
    CHECK(!run(here.values.erase("a")));
    CHECK(get(here).value() == "new");
    CHECK(here.values.stats().unsent_erasures == 1);
    server.start();
    until([&] { return run(here.values.flush()).has_value(); });
    until_connected();
    CHECK(get(there).value() == "new");
    get_and_store(here, "c");
}

TEST_CASE("without its feed an instance serves an old value for level1_ttl at most") {
    redis_server server;
    loop home;
    auto options = cache_instance::options();
    options.level1_ttl = 300ms;
    options.store_timeout = 50ms;
    cache_instance here(server.url(), home, options);
    redis_fixture::run_loop_until(home, [&] { return here.store.stats().connected; });
    std::string source = "old";
    auto load = [&] { return source; };
    CHECK(home.block_on(here.values.get_or("a", load)).value() == "old");
    server.freeze();
    source = "new";
    redis_fixture::run_loop_until(home, [&] { return home.block_on(here.values.get_or("a", load)).value() == "new"; });
    server.thaw();
}

TEST_CASE("options of a store that are out of range are refused") {
    loop home;
    redis::client db("redis://127.0.0.1:1");
    CHECK_THROWS_AS(redis::cache_store(db, home, {.channel = ""}), error_exception);
    CHECK_THROWS_AS(redis::cache_store(db, home, {.lease = 0s}), error_exception);
}

TEST_CASE("a store may end before its loop, which hasn't run, and before its client") {
    redis::client db("redis://127.0.0.1:1");
    loop home;
    { const redis::cache_store never(db, home); }
    redis::cache_store store(db, home);
    home.poll();
}
