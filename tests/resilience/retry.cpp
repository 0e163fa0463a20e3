// SPDX-License-Identifier: MIT
// labels: concurrency
#include "resilience/drive.hpp"
#include <weir/core/loop.hpp>
#include <weir/resilience/retry.hpp>
#include <weir/resilience/stack.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
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

using retry_events = std::vector<retry_event>;
using retry_what = retry_event::what;

// Fails as often as a test says and counts its calls.
struct flaky {
    int failures = 0;
    error failure = errc::unavailable;
    int calls = 0;

    task<result<int>> operator()() {
        if (++calls <= failures) co_return failure;
        co_return calls;
    }
};

struct retry_fixture {
    manual_clock time;
    loop home{time};
    retry_events seen;
    flaky call;

    retry_options options() {
        retry_options made;
        made.full_jitter = false;
        made.on_event = [this](const retry_event& event) { seen.push_back(event); };
        return made;
    }
    result<int> run(retry& by) {
        auto f = [this] { return call(); };
        started<result<int>> running(home, by.run(f));
        for (int i = 0; i < 1000 && !running.ended(); ++i) advance(100ms);
        return running.outcome();
    }
    void advance(duration by) {
        time.advance(by);
        home.poll();
    }
};

} // namespace

TEST_CASE_FIXTURE(retry_fixture, "a successful call is made once") {
    retry backoff(options());
    CHECK(run(backoff).value() == 1);
    CHECK(seen.empty());
    CHECK(backoff.stats().calls == 1);
    CHECK(backoff.stats().retries == 0);
    CHECK(backoff.stats().recovered == 0);
}

TEST_CASE_FIXTURE(retry_fixture, "a call is repeated after growing delays until it succeeds") {
    retry backoff(options());
    call.failures = 2;
    auto f = [this] { return call(); };
    started<result<int>> running(home, backoff.run(f));
    CHECK(call.calls == 1);
    advance(50ms - 1ns);
    CHECK(call.calls == 1);
    advance(1ns);
    CHECK(call.calls == 2);
    advance(100ms - 1ns);
    CHECK(call.calls == 2);
    advance(1ns);
    REQUIRE(running.ended());
    CHECK(running.outcome().value() == 3);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].attempt == 1);
    CHECK(seen[0].delay == 50ms);
    CHECK(seen[0].failure == errc::unavailable);
    CHECK(seen[1].delay == 100ms);
    CHECK(backoff.stats().retries == 2);
    CHECK(backoff.stats().recovered == 1);
}

TEST_CASE_FIXTURE(retry_fixture, "the last error is returned when the attempts are used up") {
    retry backoff(options());
    call.failures = 10;
    call.failure = error(errc::unavailable, "the database is gone");
    CHECK(run(backoff).error().message() == "the database is gone");
    CHECK(call.calls == 3);
    REQUIRE(seen.size() == 3);
    CHECK(seen[2].kind == retry_what::exhausted);
    CHECK(seen[2].attempt == 3);
    CHECK(backoff.stats().exhausted == 1);
    CHECK(backoff.stats().recovered == 0);
}

TEST_CASE_FIXTURE(retry_fixture, "a retry with one attempt repeats nothing") {
    auto one = options();
    one.attempts = 1;
    retry never(one);
    call.failures = 1;
    CHECK(run(never).error() == errc::unavailable);
    CHECK(call.calls == 1);
}

TEST_CASE_FIXTURE(retry_fixture, "which calls are repeated depends on the error and on idempotence") {
    struct row {
        error failure;
        bool repeated;
        bool repeated_if_idempotent;
    };
    const auto in_doubt = error(errc::unavailable, "lost").with_code(std::string(outcome_unknown_code));
    const row rows[] = {
        {errc::unavailable, true, true},         {in_doubt, false, true},
        {errc::deadline_exceeded, false, false}, {errc::resource_exhausted, false, false},
        {errc::cancelled, false, false},         {errc::unknown, false, false},
        {errc::internal, false, false},          {errc::invalid_argument, false, false},
        {errc::not_found, false, false},         {errc::conflict, false, false},
    };
    for (const auto& row : rows) {
        for (const bool idempotent : {false, true}) {
            auto given = options();
            given.idempotent = idempotent;
            retry backoff(given);
            call = {.failures = 1, .failure = row.failure, .calls = 0};
            CHECK(run(backoff).has_value() == (idempotent ? row.repeated_if_idempotent : row.repeated));
        }
    }
}

TEST_CASE_FIXTURE(retry_fixture,
                  "a predicate widens which errors are repeated, but never to those that may have had an effect") {
    auto given = options();
    given.retries = [](const error&) { return true; };
    struct row {
        errc kind;
        bool repeated;
    };
    const row rows[] = {
        {errc::unavailable, true},       {errc::resource_exhausted, true}, {errc::conflict, true},
        {errc::invalid_argument, true},  {errc::validation_failed, true},  {errc::unauthenticated, true},
        {errc::permission_denied, true}, {errc::not_found, true},          {errc::already_exists, true},
        {errc::unimplemented, true},     {errc::cancelled, false},         {errc::unknown, false},
        {errc::too_large, false},        {errc::internal, false},          {errc::deadline_exceeded, false},
    };
    for (const auto& row : rows) {
        retry careful(given);
        call = {.failures = 1, .failure = row.kind, .calls = 0};
        CHECK(run(careful).has_value() == row.repeated);
        CHECK(had_no_effect(row.kind) == row.repeated);

        given.idempotent = true;
        retry idempotent(given);
        given.idempotent = false;
        call.calls = 0;
        CHECK(run(idempotent).has_value());
    }
}

TEST_CASE_FIXTURE(retry_fixture, "full jitter uses a part of the delay, which never exceeds max_delay") {
    auto given = options();
    given.attempts = 6;
    given.full_jitter = true;
    given.max_delay = 300ms;
    double next = 0;
    given.random = [&next] { return next; };
    retry_budget plenty({.ratio = 1000, .burst = 1000, .time = &time});
    given.budget = &plenty;
    retry backoff(given);
    call.failures = 100;
    for (const double random : {0.0, 0.5, 0.999, 1.0, 7.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
        next = random;
        seen.clear();
        call.calls = 0;
        run(backoff);
        REQUIRE(seen.size() == 6);
        const double part = random > 0 ? std::min(random, 1.0) : 0;
        const int most[] = {50, 100, 200, 300, 300};
        for (std::size_t i = 0; i < 5; ++i)
            CHECK(static_cast<double>(seen[i].delay.count()) == doctest::Approx(part * most[i] * 1e6));
    }
}

TEST_CASE_FIXTURE(retry_fixture, "with the default random source delays spread over their whole range") {
    auto given = options();
    given.full_jitter = true;
    given.attempts = 1000;
    given.multiplier = 1;
    given.base = 100ms;
    retry_budget plenty({.ratio = 1000, .burst = 1000, .time = &time});
    given.budget = &plenty;
    retry backoff(given);
    call.failures = 1000;
    run(backoff);
    REQUIRE(seen.size() == 1000);
    int quarters[4] = {};
    for (std::size_t i = 0; i < 999; ++i) {
        CHECK(seen[i].delay < 100ms);
        ++quarters[std::min<std::size_t>(3, static_cast<std::size_t>(seen[i].delay / 25ms))];
    }
    for (const int count : quarters) CHECK(count > 150); // of 250; 8 standard deviations
}

TEST_CASE_FIXTURE(retry_fixture, "a wait is at least as long as the error asks for") {
    retry backoff(options());
    call.failures = 1;
    call.failure = error(errc::unavailable, "later").with_retry_after(2);
    CHECK(run(backoff).has_value());
    CHECK(seen[0].delay == 2s + 50ms);
}

TEST_CASE_FIXTURE(retry_fixture, "an error that asks for more than max_delay ends the call") {
    retry backoff(options());
    call.failures = 1;
    for (const std::uint32_t seconds : {11U, std::numeric_limits<std::uint32_t>::max()}) {
        call.calls = 0;
        call.failure = error(errc::unavailable, "much later").with_retry_after(seconds);
        CHECK(run(backoff).error().message() == "much later");
        CHECK(seen.back().kind == retry_what::too_late);
    }
    call.calls = 0;
    call.failure = error(errc::unavailable, "later").with_retry_after(10);
    CHECK(run(backoff).has_value());
    CHECK(seen.back().delay == 10s);
    CHECK(backoff.stats().too_late == 2);
}

TEST_CASE_FIXTURE(retry_fixture, "no wait goes beyond the context's deadline: the last error is returned at once") {
    retry backoff(options());
    call.failures = 10;
    auto f = [this] { return call(); };
    started<result<int>> running(home, backoff.run(f), time.now() + 150ms);
    advance(50ms);
    REQUIRE(running.ended()); // the second wait would end at the deadline
    CHECK(running.outcome().error() == errc::unavailable);
    CHECK(call.calls == 2);
    CHECK(seen.back().kind == retry_what::too_late);

    call.calls = 0;
    started<result<int>> longer(home, backoff.run(f), time.now() + 150ms + 1ns);
    advance(50ms);
    CHECK(!longer.ended());
    advance(100ms);
    REQUIRE(longer.ended());
    CHECK(call.calls == 3);
}

TEST_CASE_FIXTURE(retry_fixture, "cancellation ends a wait at once") {
    retry backoff(options());
    call.failures = 10;
    auto f = [this] { return call(); };
    started<result<int>> running(home, backoff.run(f));
    CHECK(!running.ended());
    running.cancel();
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::cancelled);
    CHECK(call.calls == 1);
}

TEST_CASE_FIXTURE(retry_fixture, "a call cancelled while it runs isn't repeated, whatever its error") {
    retry backoff(options());
    auto f = [this]() -> task<result<int>> {
        ++call.calls;
        (void)co_await sleep_for(1s);
        co_return errc::unavailable;
    };
    started<result<int>> running(home, backoff.run(f));
    running.cancel();
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::cancelled);
    CHECK(call.calls == 1);
}

TEST_CASE_FIXTURE(retry_fixture, "a retry isn't made if the budget refuses it") {
    retry_budget budget({.ratio = 0.5, .min_per_second = 0});
    auto given = options();
    given.budget = &budget;
    retry backoff(given);
    call.failures = 10;
    CHECK(run(backoff).error() == errc::unavailable);
    CHECK(call.calls == 1);
    CHECK(seen.back().kind == retry_what::budget_refused);
    CHECK(backoff.stats().budget_refused == 1);
    call.calls = 0;
    run(backoff);
    CHECK(call.calls == 2); // the second call completes the price of a retry
    CHECK(&backoff.budget() == &budget);
}

TEST_CASE_FIXTURE(retry_fixture, "during a total failure the load is at most 1.1 times that of the calls") {
    retry_budget budget({.ratio = 0.1, .min_per_second = 0, .time = &time});
    auto given = options();
    given.on_event = nullptr;
    given.base = 0ns;
    given.budget = &budget;
    retry one(given);
    retry other(given); // another policy for the same dependency
    call.failures = std::numeric_limits<int>::max();
    constexpr int calls = 2000;
    for (int i = 0; i < calls; ++i) run(i % 2 == 0 ? one : other);
    CHECK(call.calls > calls * 108 / 100);
    CHECK(call.calls <= calls * 110 / 100);
}

TEST_CASE_FIXTURE(retry_fixture, "without a shared budget a private one bounds the retries") {
    auto given = options();
    given.on_event = nullptr;
    given.base = 0ns;
    retry backoff(given);
    call.failures = std::numeric_limits<int>::max();
    for (int i = 0; i < 100; ++i) run(backoff);
    CHECK(call.calls >= 110);
    CHECK(call.calls <= 100 + 10 + 10 + 10); // its minimum uses the machine's clock
}

TEST_CASE_FIXTURE(retry_fixture, "values, results and exceptions are returned as results") {
    retry backoff(options());
    int calls = 0;
    CHECK(home.block_on(backoff.run([] { return 7; })).value() == 7);
    CHECK(home.block_on(backoff.run([] {})).has_value());
    auto throws = [&calls]() -> int {
        ++calls;
        throw std::runtime_error("the disk is full");
    };
    CHECK(home.block_on(backoff.run(throws)).error() == errc::internal);
    CHECK(calls == 1);
}

TEST_CASE_FIXTURE(retry_fixture, "a call that runs out of memory has an unknown outcome") {
    retry careful(options());
    int calls = 0;
    auto throws = [&calls]() -> int {
        ++calls;
        throw std::bad_alloc();
    };
    started<result<int>> running(home, careful.run(throws));
    REQUIRE(running.ended());
    CHECK(running.outcome().error() == errc::unavailable);
    CHECK(calls == 1);
}

TEST_CASE_FIXTURE(retry_fixture, "move-only results pass through") {
    retry backoff(options());
    auto f = [this]() -> task<result<std::unique_ptr<int>>> {
        auto value = co_await call();
        if (!value) co_return value.error();
        co_return std::make_unique<int>(*value);
    };
    call.failures = 1;
    auto keep = [&]() -> task<result<int>> {
        auto found = co_await backoff.run(f);
        co_return **found;
    };
    started<result<int>> running(home, keep());
    advance(50ms);
    CHECK(running.outcome().value() == 2);
}

TEST_CASE_FIXTURE(retry_fixture, "an observer that throws changes nothing, and one may call again") {
    auto given = options();
    given.on_event = [](const retry_event&) { throw std::runtime_error("observer"); };
    retry backoff(given);
    call.failures = 1;
    CHECK(run(backoff).value() == 2);

    retry* again = nullptr;
    int inner = 0;
    given.on_event = [&](const retry_event&) {
        home.spawn([](retry& by, int& done) -> task<void> {
            auto f = [] { return 1; };
            auto got = co_await by.run(f);
            done += *got;
        }(*again, inner));
    };
    retry reentered(given);
    again = &reentered;
    call = {.failures = 1};
    CHECK(run(reentered).value() == 2);
    CHECK(inner == 1);
}

TEST_CASE_FIXTURE(retry_fixture, "an exception of a predicate propagates and harms no other call") {
    auto given = options();
    given.retries = [](const error&) -> bool { throw std::runtime_error("predicate"); };
    retry backoff(given);
    call.failures = 1;
    auto f = [this] { return call(); };
    started<result<int>> running(home, backoff.run(f));
    CHECK(running.threw());
    call = {};
    CHECK(run(backoff).has_value());
}

TEST_CASE_FIXTURE(retry_fixture, "a loop that ends destroys the waits of its calls") {
    retry backoff(options());
    auto waiting = std::make_unique<loop>(time);
    auto held = std::make_shared<int>(1);
    auto f = [held]() -> task<result<int>> { co_return errc::unavailable; };
    auto run = [](retry& by, auto g) -> task<void> { (void)co_await by.run(g); };
    waiting->spawn(run(backoff, f));
    waiting->poll();
    CHECK(held.use_count() > 2);
    waiting.reset();
    CHECK(held.use_count() == 2); // here and in f
}

TEST_CASE("a retry refuses options out of range") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(retry({.attempts = 0}), "retry_options::attempts = 0: accepted 1 or more");
    CHECK_THROWS_WITH(retry({.base = -1ns}), "retry_options::base = -1 ns: accepted 0 ns to duration::max()");
    CHECK_THROWS_AS(retry({.max_delay = -1ns}), std::invalid_argument);
    for (const double wrong : {0.5, -2.0, nan, std::numeric_limits<double>::infinity()})
        CHECK_THROWS_AS(retry({.multiplier = wrong}), std::invalid_argument);
}

TEST_CASE_FIXTURE(retry_fixture, "extreme options never overflow") {
    auto given = options();
    given.attempts = 200;
    given.multiplier = 1000;
    given.max_delay = duration::max();
    retry_budget plenty({.ratio = 1000, .burst = 1000, .time = &time});
    given.budget = &plenty;
    for (const duration base : {0ns, 1ns, duration::max()}) {
        given.base = base;
        given.full_jitter = false;
        retry backoff(given);
        call = {.failures = 1000};
        auto f = [this] { return call(); };
        started<result<int>> running(home, backoff.run(f));
        for (int i = 0; i < 300 && !running.ended(); ++i) advance(1h);
        CHECK(seen.back().delay >= 0ns);
        if (base == 0ns) CHECK(call.calls == 200);
        if (base == duration::max()) CHECK(seen.back().kind == retry_what::too_late);
        running.cancel();
    }
    given.base = 1h;
    given.max_delay = 0ns;
    retry at_once(given);
    call = {.failures = 5};
    CHECK(run(at_once).has_value());
}

TEST_CASE_FIXTURE(retry_fixture, "a retry is a layer of a stack") {
    retry backoff(options());
    retry none({.attempts = 1});
    const stack both{backoff, none};
    call.failures = 1;
    auto f = [this] { return call(); };
    started<result<int>> running(home, both.run(f));
    advance(50ms);
    CHECK(running.outcome().value() == 2);
}

TEST_CASE("two loops share a policy, and each waits on its own loop") {
    retry_budget plenty({.ratio = 1});
    retry backoff({.base = 1ns, .budget = &plenty});
    const auto work = [&backoff] {
        manual_clock time;
        loop home(time);
        for (int i = 0; i < 500; ++i) {
            flaky call{.failures = 1};
            auto f = [&call] { return call(); };
            started<result<int>> running(home, backoff.run(f));
            time.advance(1ms);
            home.poll();
            if (!running.ended() || running.outcome().value() != 2) std::terminate();
        }
    };
    std::thread other(work);
    work();
    other.join();
    CHECK(backoff.stats().calls == 1000);
    CHECK(backoff.stats().recovered == 1000);
}
