// SPDX-License-Identifier: MIT
// labels: concurrency
#include "resilience/drive.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/single_flight.hpp>

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::started;

namespace {

using shared_call = started<result<std::string>>;

struct flight_fixture {
    manual_clock time;
    loop home{time};
    single_flight<std::string> flights;
    int calls = 0;
    error failure;

    // The n-th call takes a second and yields "n".
    task<result<std::string>> call() {
        const int number = ++calls;
        auto slept = co_await sleep_for(1s);
        if (!slept) co_return slept.error();
        if (failure) co_return failure;
        co_return std::to_string(number);
    }
    task<result<std::string>> run(std::string_view key) {
        auto f = [this] { return call(); };
        return flights.run(key, f);
    }
    void advance(duration by) {
        time.advance(by);
        home.poll();
    }
};

// Ends a second after its cancellation.
task<result<std::string>> end_late() {
    (void)co_await sleep_for(1h);
    co_await boost::asio::this_coro::reset_cancellation_state();
    (void)co_await sleep_for(1s);
    co_return errc::cancelled;
}

} // namespace

TEST_CASE_FIXTURE(flight_fixture, "concurrent calls with one key are made once and share the value") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"));
    shared_call other(home, run("b"));
    CHECK(calls == 2);
    advance(1s);
    CHECK(first.outcome().value() == "1");
    CHECK(second.outcome().value() == "1");
    CHECK(other.outcome().value() == "2");
    CHECK(flights.stats().calls == 3);
    CHECK(flights.stats().runs == 2);
    CHECK(flights.stats().shared == 1);
    CHECK(flights.stats().handed_over == 0);
}

TEST_CASE_FIXTURE(flight_fixture, "a call made after another has ended runs again") {
    shared_call first(home, run("a"));
    advance(1s);
    shared_call second(home, run("a"));
    advance(1s);
    CHECK(first.outcome().value() == "1");
    CHECK(second.outcome().value() == "2");
}

TEST_CASE_FIXTURE(flight_fixture, "an error is shared like a value") {
    failure = error(errc::not_found, "there is none");
    shared_call first(home, run("a"));
    shared_call second(home, run("a"));
    advance(1s);
    CHECK(first.outcome().error().message() == "there is none");
    CHECK(second.outcome().error().message() == "there is none");
    CHECK(calls == 1);
}

TEST_CASE_FIXTURE(flight_fixture, "an exception of the call is an error for all callers") {
    auto throws = []() -> task<result<std::string>> {
        (void)co_await sleep_for(1s);
        throw std::runtime_error("broken");
    };
    shared_call first(home, flights.run("a", throws));
    shared_call second(home, flights.run("a", throws));
    advance(1s);
    CHECK(first.outcome().error() == errc::internal);
    CHECK(second.outcome().error() == errc::internal);
}

TEST_CASE_FIXTURE(flight_fixture, "when the calling one is cancelled, another caller makes the call again") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"));
    shared_call third(home, run("a"));
    first.cancel();
    home.poll();
    REQUIRE(first.ended());
    CHECK(first.outcome().error() == errc::cancelled);
    CHECK(!second.ended());
    CHECK(calls == 2);
    shared_call fourth(home, run("a")); // joins the flight
    advance(1s);
    CHECK(second.outcome().value() == "2");
    CHECK(third.outcome().value() == "2");
    CHECK(fourth.outcome().value() == "2");
    CHECK(flights.stats().handed_over == 1);
    CHECK(flights.stats().runs == 2);
    CHECK(flights.stats().shared == 2);
}

TEST_CASE_FIXTURE(flight_fixture, "the lead is handed over when the cancelled call has ended, not before") {
    shared_call first(home, flights.run("a", end_late));
    shared_call second(home, run("a"));
    first.cancel();
    CHECK(calls == 0);
    advance(1s);
    CHECK(first.ended());
    CHECK(calls == 1);
    advance(1s);
    CHECK(second.outcome().value() == "1");
}

TEST_CASE_FIXTURE(flight_fixture, "a call that all callers have left is removed") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"));
    second.cancel();
    CHECK(second.outcome().error() == errc::cancelled);
    first.cancel();
    CHECK(first.outcome().error() == errc::cancelled);
    CHECK(calls == 1);
    shared_call third(home, run("a"));
    CHECK(calls == 2);
    advance(1s);
    CHECK(third.outcome().value() == "2");
}

TEST_CASE_FIXTURE(flight_fixture, "a cancelled follower leaves at once, and the others keep waiting") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"));
    shared_call third(home, run("a"));
    second.cancel();
    REQUIRE(second.ended());
    CHECK(second.outcome().error() == errc::cancelled);
    advance(1s);
    CHECK(first.outcome().value() == "1");
    CHECK(third.outcome().value() == "1");
}

TEST_CASE_FIXTURE(flight_fixture, "each follower waits until its own deadline") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"), time.now() + 500ms);
    shared_call late(home, run("a"), time.now()); // already past its deadline
    home.poll();
    REQUIRE(late.ended());
    CHECK(late.outcome().error() == errc::deadline_exceeded);
    advance(500ms - 1ns);
    CHECK(!second.ended());
    advance(1ns);
    REQUIRE(second.ended());
    CHECK(second.outcome().error() == errc::deadline_exceeded);
    advance(500ms);
    CHECK(first.outcome().value() == "1");
}

TEST_CASE_FIXTURE(flight_fixture, "a caller past its deadline doesn't fail callers with more time") {
    auto deaf = [this]() -> task<result<std::string>> {
        ++calls;
        (co_await this_task).context().set_deadline(time.now() + 500ms);
        auto slept = co_await sleep_for(500ms);
        co_return slept ? errc::deadline_exceeded : slept.error().kind();
    };
    shared_call first(home, flights.run("a", deaf), time.now() + 500ms);
    shared_call second(home, run("a"), time.now() + 10s);
    shared_call third(home, run("a"), time.now() + 5s);
    advance(500ms);
    REQUIRE(first.ended());
    CHECK(first.outcome().error() == errc::deadline_exceeded);
    CHECK(calls == 2);
    advance(1s);
    CHECK(second.outcome().value() == "2");
    CHECK(third.outcome().value() == "2");
}

TEST_CASE_FIXTURE(flight_fixture, "a call that gives up early because of its caller's deadline is repeated once") {
    shared_call first(home, run("a"), time.now() + 10s);
    shared_call second(home, run("a"), time.now() + 20s);
    shared_call third(home, run("a"), time.now() + 30s);
    failure = errc::deadline_exceeded; // which turns out to be the call's own limit
    advance(1s);
    REQUIRE(first.ended());
    CHECK(calls == 2);
    CHECK(!second.ended());
    advance(1s);
    REQUIRE(second.ended());
    REQUIRE(third.ended());
    CHECK(calls == 2);
    CHECK(second.outcome().error() == errc::deadline_exceeded);
    CHECK(third.outcome().error() == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(flight_fixture, "the caller with the latest deadline takes over") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"), time.now() + 500ms);
    shared_call third(home, run("a"), time.now() + 5s);
    first.cancel();
    home.poll();
    advance(500ms);
    CHECK(second.outcome().error() == errc::deadline_exceeded);
    advance(500ms);
    CHECK(third.outcome().value() == "2");
    CHECK(calls == 2);
}

TEST_CASE_FIXTURE(flight_fixture, "a caller cancelled in the turn in which it gets the lead passes it on") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"), time.now() + 10s);
    shared_call third(home, run("a"), time.now() + 5s);
    home.post([&] { second.context(); });
    // the first one ends in this turn, with the wake-up of the second one in flight
    first.cancel();
    second.cancel();
    home.poll();
    CHECK(second.ended());
    CHECK(second.outcome().error() == errc::cancelled);
    advance(1s);
    home.poll();
    REQUIRE(third.ended());
    CHECK(third.outcome().has_value());
}

TEST_CASE_FIXTURE(flight_fixture, "the success of a cancelled caller counts for all") {
    auto stubborn = [this]() -> task<result<std::string>> {
        ++calls;
        co_await boost::asio::this_coro::reset_cancellation_state();
        (void)co_await sleep_for(1s);
        co_return "stubborn";
    };
    shared_call first(home, flights.run("a", stubborn));
    shared_call second(home, run("a"));
    first.cancel();
    advance(1s);
    CHECK(first.outcome().value() == "stubborn");
    CHECK(second.outcome().value() == "stubborn");
    CHECK(calls == 1);
}

TEST_CASE_FIXTURE(flight_fixture, "after forget the next call runs, and the earlier callers keep their result") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"));
    advance(500ms);
    flights.forget("a");
    flights.forget("a");
    flights.forget("never heard of");
    shared_call third(home, run("a"));
    shared_call fourth(home, run("a"));
    CHECK(calls == 2);
    advance(500ms);
    CHECK(first.outcome().value() == "1");
    CHECK(second.outcome().value() == "1");
    CHECK(!third.ended());
    shared_call fifth(home, run("a"));
    CHECK(calls == 2); // the end of the forgotten one hasn't removed this one
    advance(500ms);
    CHECK(third.outcome().value() == "2");
    CHECK(fourth.outcome().value() == "2");
    CHECK(fifth.outcome().value() == "2");
}

TEST_CASE_FIXTURE(flight_fixture, "a forgotten call is handed over too") {
    shared_call first(home, run("a"));
    shared_call second(home, run("a"));
    flights.forget("a");
    first.cancel();
    home.poll();
    CHECK(calls == 2);
    shared_call third(home, run("a"));
    CHECK(calls == 3);
    advance(1s);
    CHECK(second.outcome().value() == "2");
    CHECK(third.outcome().value() == "3");
}

TEST_CASE_FIXTURE(flight_fixture, "a call may make other calls with other keys") {
    auto outer = [this]() -> task<result<std::string>> {
        auto inner = co_await run("b");
        co_return inner ? "(" + *inner + ")" : "none";
    };
    shared_call first(home, flights.run("a", outer));
    shared_call second(home, flights.run("a", outer));
    advance(1s);
    home.poll();
    CHECK(first.outcome().value() == "(1)");
    CHECK(second.outcome().value() == "(1)");
}

TEST_CASE("calls without a value, and shared values, work too") {
    loop home;
    single_flight<void> none;
    CHECK(home.block_on(none.run("a", [] {})).has_value());
    single_flight<std::shared_ptr<const int>> pointers;
    auto f = []() -> task<result<std::shared_ptr<const int>>> { co_return std::make_shared<const int>(7); };
    CHECK(*home.block_on(pointers.run("a", f)).value() == 7);
    single_flight<bool> flags;
    CHECK(home.block_on(flags.run("a", []() -> result<bool> { return errc::conflict; })).error() == errc::conflict);
}

TEST_CASE("calls outlive the single_flight") {
    manual_clock time;
    loop home(time);
    auto flights = std::make_unique<single_flight<std::string>>();
    auto f = []() -> task<result<std::string>> {
        (void)co_await sleep_for(1s);
        co_return "done";
    };
    shared_call first(home, flights->run("a", f));
    shared_call second(home, flights->run("a", f));
    flights.reset();
    time.advance(1s);
    home.poll();
    CHECK(first.outcome().value() == "done");
    CHECK(second.outcome().value() == "done");
}

namespace {

// A value whose copy fails while a test says so.
struct uncopyable_at_times {
    static inline bool breaks = false;

    uncopyable_at_times() = default;
    uncopyable_at_times(const uncopyable_at_times&) {
        if (breaks) throw std::bad_alloc();
    }
    uncopyable_at_times(uncopyable_at_times&&) noexcept = default;
    uncopyable_at_times& operator=(const uncopyable_at_times&) = default;
    uncopyable_at_times& operator=(uncopyable_at_times&&) noexcept = default;
};

} // namespace

TEST_CASE("a result that can't be copied for its followers leaves the call to them") {
    manual_clock time;
    loop home(time);
    single_flight<uncopyable_at_times> flights;
    int calls = 0;
    auto f = [&]() -> task<result<uncopyable_at_times>> {
        ++calls;
        (void)co_await sleep_for(1s);
        co_return uncopyable_at_times();
    };
    auto ask = [&]() -> task<bool> { co_return (co_await flights.run("a", f)).has_value(); };
    started<bool> first(home, ask());
    started<bool> second(home, ask());
    uncopyable_at_times::breaks = true;
    time.advance(1s);
    home.poll();
    CHECK(first.threw());
    uncopyable_at_times::breaks = false;
    CHECK(calls == 2);
    time.advance(1s);
    home.poll();
    REQUIRE(second.ended());
    CHECK(second.outcome());
}

TEST_CASE("a loop that ends leaves its calls to other loops' callers") {
    manual_clock time;
    loop home(time);
    single_flight<std::string> flights;
    int calls = 0;
    auto f = [&calls]() -> task<result<std::string>> {
        const int number = ++calls;
        (void)co_await sleep_for(1s);
        co_return std::to_string(number);
    };
    auto ask = [](single_flight<std::string>& on, auto g) -> task<void> { (void)co_await on.run("a", g); };
    auto short_lived = std::make_unique<loop>(time);
    short_lived->spawn(ask(flights, f));
    short_lived->spawn(ask(flights, f)); // a follower on the same loop
    short_lived->poll();
    shared_call here(home, flights.run("a", f));
    CHECK(calls == 1);
    short_lived.reset();
    home.poll();
    CHECK(calls == 2);
    time.advance(1s);
    home.poll();
    REQUIRE(here.ended());
    CHECK(here.outcome().value() == "2");
}

TEST_CASE("a loop that ends while its calls follow doesn't affect others") {
    manual_clock time;
    loop home(time);
    single_flight<std::string> flights;
    auto f = []() -> task<result<std::string>> {
        (void)co_await sleep_for(1s);
        co_return "done";
    };
    auto ask = [](single_flight<std::string>& on, auto g) -> task<void> { (void)co_await on.run("a", g); };
    shared_call here(home, flights.run("a", f));
    auto short_lived = std::make_unique<loop>(time);
    short_lived->spawn(ask(flights, f));
    short_lived->poll();
    SUBCASE("before the result is there") { short_lived.reset(); }
    SUBCASE("with the result in flight") {}
    time.advance(1s);
    home.poll();
    CHECK(here.outcome().value() == "done");
    short_lived.reset();
}

TEST_CASE("followers on other threads get the result on their own loop") {
    single_flight<int> flights;
    std::atomic<int> calls = 0;
    std::atomic<int> wrong_thread = 0;
    const auto work = [&](unsigned seed) {
        loop home;
        const auto mine = std::this_thread::get_id();
        for (int i = 0; i < 2000; ++i) {
            seed = seed * 1'664'525 + 1'013'904'223;
            const std::string key(1, static_cast<char>('a' + (seed >> 16) % 3));
            auto f = [&]() -> task<result<int>> {
                ++calls;
                co_await boost::asio::post(co_await this_task, use_task);
                if (calls % 5 == 0) std::this_thread::yield();
                co_return key[0];
            };
            auto ask = [&]() -> task<int> {
                auto got = co_await flights.run(key, f);
                if (std::this_thread::get_id() != mine) ++wrong_thread;
                co_return got.value();
            };
            if (home.block_on(ask()) != key[0]) std::terminate();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (auto& thread : threads) thread.join();
    CHECK(wrong_thread == 0);
    CHECK(flights.stats().calls == 8000);
    CHECK(flights.stats().runs == static_cast<std::uint64_t>(calls));
    CHECK(flights.stats().runs + flights.stats().shared == 8000);
}

TEST_CASE("callers start, are cancelled, and destroy their loops on several threads") {
    single_flight<int> flights;
    std::atomic<int> good = 0;
    const auto work = [&](unsigned seed) {
        for (int i = 0; i < 300; ++i) {
            loop home;
            auto f = []() -> task<result<int>> {
                for (int turn = 0; turn < 3; ++turn) co_await boost::asio::post(co_await this_task, use_task);
                const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
                if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return errc::cancelled;
                co_return 7;
            };
            auto ask = [](single_flight<int>& on, auto g) -> task<result<int>> { co_return co_await on.run("a", g); };
            started<result<int>> first(home, ask(flights, f));
            started<result<int>> second(home, ask(flights, f));
            seed = seed * 1'664'525 + 1'013'904'223;
            const unsigned choice = (seed >> 16) % 4;
            if (choice == 0) first.cancel();
            if (choice == 1) second.cancel();
            if (choice == 2) continue; // the loop ends with both
            while (!first.ended() || !second.ended()) {
                home.poll();
                std::this_thread::yield();
            }
            for (auto* one : {&first, &second})
                if (one->outcome()) ++good;
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (auto& thread : threads) thread.join();
    CHECK(good > 600);
}
