// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/loop.hpp>
#include <weir/resilience/circuit_breaker.hpp>
#include <weir/resilience/stack.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// A breaker with a window of 10 calls, a failure rate of one half and 3 probes, on a manual clock.
struct breaker_fixture {
    manual_clock time;
    std::vector<circuit_breaker_event> events;
    std::optional<circuit_breaker> made;

    circuit_breaker_options options() {
        circuit_breaker_options given;
        given.name = "orders";
        given.slow_call_duration = 1s;
        given.slow_call_rate = 0.8;
        given.window_calls = 10;
        given.minimum_calls = 4;
        given.open_for = 10s;
        given.probes = 3;
        given.probe_timeout = 5s;
        given.time = &time;
        given.on_event = [this](const circuit_breaker_event& one) { events.push_back(one); };
        return given;
    }

    circuit_breaker& make(circuit_breaker_options given) { return made.emplace(std::move(given)); }
    circuit_breaker& breaker() { return made ? *made : make(options()); }

    void succeed(int count = 1) {
        for (int i = 0; i < count; ++i) breaker().try_acquire().value().succeed();
    }
    void fail(int count = 1, const error& why = errc::unavailable) {
        for (int i = 0; i < count; ++i) breaker().try_acquire().value().fail(why);
    }
    void succeed_slowly(int count = 1) {
        for (int i = 0; i < count; ++i) {
            auto permit = breaker().try_acquire().value();
            time.advance(1s + 1ns);
            permit.succeed();
        }
    }

    // The transitions since the last call: `closed>open:failure_rate `.
    std::string transitions() {
        std::string all;
        for (const auto& one : events)
            if (one.what == circuit_breaker_event::type::state_transition)
                all.append(name(one.from)).append(">").append(name(one.to)).append(":").append(name(one.why)) += ' ';
        events.clear();
        return all;
    }

    void open() {
        while (breaker().state() == circuit_state::closed) fail();
        REQUIRE(breaker().state() == circuit_state::open);
        transitions();
    }
    // Brings the breaker to half_open, before any probe.
    void half_open() {
        open();
        time.advance(10s);
        breaker().update();
        REQUIRE(breaker().state() == circuit_state::half_open);
        transitions();
    }
    void bring_to(circuit_state wanted) {
        switch (wanted) {
        case circuit_state::closed:
            return breaker().reset();
        case circuit_state::open:
            return open();
        case circuit_state::half_open:
            return half_open();
        case circuit_state::disabled:
            return breaker().disable();
        case circuit_state::metrics_only:
            return breaker().metrics_only();
        case circuit_state::forced_open:
            return breaker().force_open();
        }
    }

    bool permits() { return breaker().try_acquire().has_value(); }
};

constexpr std::array all_circuit_states{
    circuit_state::closed,   circuit_state::open,         circuit_state::half_open,
    circuit_state::disabled, circuit_state::metrics_only, circuit_state::forced_open};

std::string refused_option(const std::function<void(circuit_breaker_options&)>& change) {
    circuit_breaker_options given;
    change(given);
    try {
        const circuit_breaker made(given);
        return "accepted";
    } catch (const std::invalid_argument& wrong) {
        return wrong.what();
    }
}

} // namespace

TEST_CASE_FIXTURE(breaker_fixture, "a closed circuit opens when the failure rate is reached, and not before") {
    succeed(5);
    fail(4);
    CHECK(transitions().empty());
    fail(); // 5 of 10
    CHECK(transitions() == "closed>open:failure_rate ");
    CHECK(!permits());
}

TEST_CASE_FIXTURE(breaker_fixture, "a circuit has no rate below the minimum number of calls") {
    fail(3);
    CHECK(breaker().state() == circuit_state::closed);
    succeed(); // now 3 of 4
    CHECK(transitions() == "closed>open:failure_rate ");
}

TEST_CASE_FIXTURE(breaker_fixture, "failures that have left the window no longer count") {
    fail(1);
    succeed(9);
    for (int i = 0; i < 20; ++i) { // one in five
        fail(1);
        succeed(4);
    }
    CHECK(transitions().empty());
    CHECK(breaker().stats().calls == 10);
    CHECK(breaker().stats().failure_rate == doctest::Approx(0.2));
}

TEST_CASE_FIXTURE(breaker_fixture, "a closed circuit opens when the rate of slow calls is reached") {
    succeed_slowly(3);
    CHECK(transitions().empty());
    succeed_slowly();
    CHECK(events.at(0).slow_call_rate == 1);
    CHECK(events.at(0).failure_rate == 0);
    CHECK(transitions() == "closed>open:slow_call_rate ");
}

TEST_CASE_FIXTURE(breaker_fixture, "a call that takes exactly the limit isn't slow") {
    for (int i = 0; i < 10; ++i) {
        auto permit = breaker().try_acquire().value();
        time.advance(1s);
        permit.succeed();
    }
    CHECK(transitions().empty());
    CHECK(breaker().stats().slow_calls == 0);
}

TEST_CASE_FIXTURE(breaker_fixture, "calls leave a time window when it passes") {
    auto given = options();
    given.window = window_kind::time;
    given.window_time = 60s;
    make(given);
    fail(3);
    time.advance(61s);
    fail(3);
    CHECK(transitions().empty());
    time.advance(30s);
    fail(1);
    CHECK(transitions() == "closed>open:failure_rate ");
}

TEST_CASE_FIXTURE(breaker_fixture, "a minimum larger than the window means the whole window") {
    auto given = options();
    given.minimum_calls = 1000;
    make(given);
    fail(9);
    CHECK(breaker().state() == circuit_state::closed);
    fail(1);
    CHECK(breaker().state() == circuit_state::open);
}

TEST_CASE_FIXTURE(breaker_fixture, "rates are exact: one call of three, of ten, of a million") {
    struct row {
        double rate;
        int calls;
        int failures;
    };
    for (const auto& [part, calls, failures] :
         {row{1.0 / 3, 3, 1}, row{0.1, 10, 1}, row{0.29, 100, 29}, row{0.57, 100, 57}, row{1, 10, 10},
          row{1e-12, 1000, 1}}) {
        auto given = options();
        given.failure_rate = part;
        given.window_calls = static_cast<std::uint32_t>(calls);
        given.minimum_calls = given.window_calls;
        make(given);
        succeed(calls - failures);
        fail(failures - 1);
        succeed();
        CHECK(breaker().state() == circuit_state::closed);
        made->reset();
        succeed(calls - failures);
        fail(failures);
        CHECK(breaker().state() == circuit_state::open);
    }
}

TEST_CASE_FIXTURE(breaker_fixture, "an open circuit refuses with the remaining seconds") {
    open();
    struct row {
        duration passed;
        std::uint32_t retry_after;
    };
    for (const auto& [passed, retry_after] : {row{0s, 10}, row{1ns, 10}, row{8s, 2}, row{1s, 1}, row{999ms, 1}}) {
        time.advance(passed);
        const error refused = breaker().try_acquire().error();
        CHECK(refused == errc::unavailable);
        CHECK(refused.code() == "circuit_open");
        CHECK(refused.retry_after() == retry_after);
        CHECK(refused.describe().find("circuit breaker orders") != std::string::npos);
    }
    CHECK(breaker().stats().total_not_permitted == 5);
}

TEST_CASE_FIXTURE(breaker_fixture, "refusals in the same second share their error") {
    open();
    const error first = breaker().try_acquire().error();
    const error second = breaker().try_acquire().error();
    CHECK(first.message().data() == second.message().data());
}

TEST_CASE_FIXTURE(breaker_fixture,
                  "an open circuit half-opens at the first call after its time, which becomes a probe") {
    open();
    time.advance(10s - 1ns);
    CHECK(!permits());
    CHECK(transitions().empty());
    time.advance(1ns);
    CHECK(permits());
    CHECK(transitions() == "open>half_open:open_time_over ");
}

TEST_CASE_FIXTURE(breaker_fixture, "an open circuit half-opens at an update even if no call comes") {
    fail(4);
    CHECK(events.at(0).half_open_at == time.now() + 10s);
    transitions();
    breaker().update();
    CHECK(breaker().state() == circuit_state::open);
    time.advance(10s);
    CHECK(breaker().state() == circuit_state::open);
    breaker().update();
    CHECK(transitions() == "open>half_open:open_time_over ");
    breaker().update();
    CHECK(transitions().empty());
}

TEST_CASE_FIXTURE(breaker_fixture, "a timer set to an event's half_open_at half-opens the circuit") {
    loop home(time);
    auto given = options();
    given.on_event = [&](const circuit_breaker_event& one) {
        if (one.half_open_at != time_point::max()) home.call_at(one.half_open_at, [&] { breaker().update(); });
    };
    make(given);
    fail(4);
    time.advance(10s - 1ns);
    home.poll();
    CHECK(breaker().state() == circuit_state::open);
    time.advance(1ns);
    home.poll();
    CHECK(breaker().state() == circuit_state::half_open);
}

TEST_CASE_FIXTURE(breaker_fixture, "a half-open circuit allows its probes and no other call") {
    half_open();
    std::vector<circuit_breaker::permit> out;
    for (int i = 0; i < 3; ++i) out.push_back(breaker().try_acquire().value());
    const error refused = breaker().try_acquire().error();
    CHECK(refused.code() == "circuit_open");
    CHECK(refused.retry_after() == 1);
    out[0].succeed();
    CHECK(!permits()); // its place was for one call only
}

TEST_CASE_FIXTURE(breaker_fixture, "a half-open circuit closes when all probes have passed") {
    half_open();
    succeed(2);
    CHECK(transitions().empty());
    succeed();
    CHECK(transitions() == "half_open>closed:probes_passed ");
    CHECK(breaker().stats().calls == 0);
    fail(3); // the old failures no longer count
    CHECK(breaker().state() == circuit_state::closed);
}

TEST_CASE_FIXTURE(breaker_fixture, "one failed probe of three is less than half") {
    half_open();
    fail(1);
    succeed(2);
    CHECK(transitions() == "half_open>closed:probes_passed ");
}

TEST_CASE_FIXTURE(breaker_fixture, "a half-open circuit opens as soon as enough probes have failed") {
    half_open();
    fail(2);
    CHECK(transitions() == "half_open>open:failure_rate ");
    CHECK(breaker().try_acquire().error().retry_after() == 10);
}

TEST_CASE_FIXTURE(breaker_fixture, "a half-open circuit opens when enough probes were slow") {
    half_open();
    succeed_slowly(2);
    CHECK(transitions().empty());
    succeed_slowly();
    CHECK(transitions() == "half_open>open:slow_call_rate ");
}

TEST_CASE_FIXTURE(breaker_fixture, "a probe without an outcome returns its place") {
    half_open();
    for (int i = 0; i < 10; ++i) CHECK(permits());
    for (int i = 0; i < 10; ++i) fail(1, errc::cancelled);
    CHECK(breaker().stats().total_given_back == 20);
    succeed(3);
    CHECK(transitions() == "half_open>closed:probes_passed ");
}

TEST_CASE_FIXTURE(breaker_fixture, "probes that never return count as failed, so the circuit can't get stuck") {
    half_open();
    std::vector<circuit_breaker::permit> lost;
    lost.push_back(breaker().try_acquire().value());
    time.advance(4s);
    lost.push_back(breaker().try_acquire().value());
    time.advance(5s - 1ns); // since the last one began
    breaker().update();
    CHECK(transitions().empty());
    time.advance(1ns);
    SUBCASE("at an update") {
        breaker().update();
        CHECK(transitions() == "half_open>open:probe_timeout ");
    }
    SUBCASE("at a call") {
        CHECK(!permits());
        CHECK(transitions() == "half_open>open:probe_timeout ");
    }
    lost[0].succeed(); // too late to change anything
    lost[1].fail(errc::internal);
    CHECK(breaker().stats().total_late == 2);
    CHECK(breaker().state() == circuit_state::open);
    time.advance(10s);
    succeed(3);
    CHECK(transitions() == "open>half_open:open_time_over half_open>closed:probes_passed ");
}

TEST_CASE_FIXTURE(breaker_fixture, "if too few probes are lost to open the circuit, their places go to others") {
    half_open();
    auto lost = breaker().try_acquire().value();
    time.advance(5s);
    succeed();
    CHECK(breaker().state() == circuit_state::half_open);
    CHECK(breaker().stats().calls == 2);
    CHECK(breaker().stats().failures == 1);
    lost.fail(errc::unavailable); // already counted
    succeed();
    CHECK(transitions() == "half_open>closed:probes_passed ");
}

TEST_CASE_FIXTURE(breaker_fixture, "a half-open circuit without calls waits for them") {
    half_open();
    succeed();
    time.advance(24h);
    breaker().update();
    CHECK(transitions().empty());
    succeed(2);
    CHECK(transitions() == "half_open>closed:probes_passed ");
}

TEST_CASE_FIXTURE(breaker_fixture, "outcomes of an earlier state never count in a later one") {
    std::vector<circuit_breaker::permit> early;
    for (int i = 0; i < 6; ++i) early.push_back(breaker().try_acquire().value());
    half_open();
    early[0].fail(errc::unavailable);
    early[1].fail(errc::unavailable);
    early[2].succeed();
    CHECK(breaker().state() == circuit_state::half_open);
    CHECK(breaker().stats().calls == 0);
    CHECK(breaker().stats().total_late == 3);
    { const auto dropped = std::move(early[3]); } // its place isn't a probe's
    for (int i = 0; i < 2; ++i) succeed();
    CHECK(breaker().state() == circuit_state::half_open);
    early[4].succeed();
    CHECK(breaker().state() == circuit_state::half_open);
    succeed();
    CHECK(breaker().state() == circuit_state::closed);
    early[5].fail(errc::unavailable);
    CHECK(breaker().stats().calls == 0);
}

TEST_CASE_FIXTURE(breaker_fixture, "an outcome of an earlier half-open phase doesn't count in the next one") {
    half_open();
    auto early = breaker().try_acquire().value();
    fail(2); // reopens the circuit
    time.advance(10s);
    succeed(2);
    early.succeed();
    CHECK(breaker().state() == circuit_state::half_open);
}

TEST_CASE("each operator command works in every state") {
    struct order {
        void (circuit_breaker::*give)() noexcept;
        circuit_state to;
    };
    for (const circuit_state from : all_circuit_states) {
        for (const order one :
             {order{&circuit_breaker::reset, circuit_state::closed},
              order{&circuit_breaker::force_open, circuit_state::forced_open},
              order{&circuit_breaker::disable, circuit_state::disabled},
              order{&circuit_breaker::metrics_only, circuit_state::metrics_only}}) {
            CAPTURE(name(from));
            CAPTURE(name(one.to));
            breaker_fixture at;
            at.bring_to(from);
            at.transitions();
            (at.breaker().*one.give)();
            CHECK(at.breaker().state() == one.to);
            const bool changes = from != one.to || one.to == circuit_state::closed;
            CHECK(at.transitions() ==
                  (changes ? std::string(name(from)) + ">" + std::string(name(one.to)) + ":requested " : ""));
        }
    }
}

TEST_CASE_FIXTURE(breaker_fixture, "a forced-open circuit stays open and gives no retry time") {
    breaker().force_open();
    time.advance(24h * 365);
    const error refused = breaker().try_acquire().error();
    CHECK(refused.code() == "circuit_open");
    CHECK(refused.retry_after() == 0);
    breaker().update();
    CHECK(breaker().state() == circuit_state::forced_open);
    breaker().reset();
    CHECK(permits());
}

TEST_CASE_FIXTURE(breaker_fixture, "a disabled circuit allows all calls and counts none") {
    breaker().disable();
    fail(100);
    CHECK(breaker().state() == circuit_state::disabled);
    CHECK(breaker().stats().calls == 0);
    CHECK(breaker().stats().total_failed == 0);
    auto early = breaker().try_acquire().value();
    breaker().reset();
    early.fail(errc::internal);
    CHECK(breaker().stats().total_failed == 0);
}

TEST_CASE_FIXTURE(breaker_fixture, "a metrics-only circuit counts calls and never opens") {
    breaker().metrics_only();
    fail(100);
    CHECK(breaker().state() == circuit_state::metrics_only);
    CHECK(breaker().stats().failure_rate == 1);
    CHECK(permits());
}

TEST_CASE_FIXTURE(breaker_fixture, "which errors count against the dependency") {
    for (int kind = 1; kind <= static_cast<int>(errc::deadline_exceeded); ++kind) {
        const auto why = static_cast<errc>(kind);
        CAPTURE(why);
        breaker().reset();
        const auto before = breaker().stats();
        fail(1, why);
        const auto after = breaker().stats();
        const bool counts =
            why == errc::unavailable || why == errc::deadline_exceeded || why == errc::internal || why == errc::unknown;
        CHECK(after.total_failed - before.total_failed == (counts ? 1 : 0));
        CHECK(after.total_given_back - before.total_given_back == (why == errc::cancelled ? 1 : 0));
        CHECK(after.total_succeeded - before.total_succeeded == (counts || why == errc::cancelled ? 0 : 1));
    }
}

TEST_CASE_FIXTURE(breaker_fixture, "the option decides what counts as a failure, and a throw counts as yes") {
    auto given = options();
    given.counts_as_failure = [](const error& why) {
        if (why == errc::conflict) throw std::runtime_error("no idea");
        return why == errc::cancelled;
    };
    make(given);
    fail(1, errc::cancelled);
    fail(1, errc::conflict);
    fail(1, errc::internal);
    CHECK(breaker().stats().failures == 2);
    CHECK(breaker().stats().calls == 3);
}

TEST_CASE_FIXTURE(breaker_fixture, "a permit reports its outcome once, wherever it was moved") {
    auto permit = breaker().try_acquire().value();
    permit.succeed();
    permit.fail(errc::internal);
    auto moved = breaker().try_acquire().value();
    permit = std::move(moved);
    permit.fail(errc::internal);
    moved.fail(errc::internal);
    CHECK(breaker().stats().calls == 2);
    CHECK(breaker().stats().failures == 1);
    CHECK(breaker().stats().total_given_back == 0);
}

TEST_CASE_FIXTURE(breaker_fixture,
                  "the open time grows each time that the probes fail, up to its maximum, and then starts again") {
    auto given = options();
    given.open_backoff = 2;
    given.max_open_for = 35s;
    make(given);
    fail(4);
    for (const duration lasts : {10s, 20s, 35s, 35s}) {
        REQUIRE(breaker().state() == circuit_state::open);
        CHECK(events.back().half_open_at == time.now() + lasts);
        time.advance(lasts);
        fail(2);
    }
    time.advance(35s);
    succeed(3);
    fail(4);
    CHECK(events.back().half_open_at == time.now() + 10s);
}

TEST_CASE_FIXTURE(breaker_fixture, "a circuit whose probes fail for years opens for its maximum time") {
    auto given = options();
    given.open_backoff = 10;
    given.max_open_for = duration::max();
    make(given);
    fail(4);
    for (int i = 0; i < 400 && breaker().state() == circuit_state::open; ++i) {
        if (events.back().half_open_at == time_point::max()) break;
        time.advance(events.back().half_open_at - time.now());
        fail(2);
    }
    CHECK(events.back().half_open_at == time_point::max());
}

TEST_CASE_FIXTURE(breaker_fixture, "jitter spreads the open time evenly to both sides") {
    double fraction = 0;
    auto given = options();
    given.open_jitter = 0.2;
    given.random = [&] {
        if (fraction < 0) throw std::runtime_error("no entropy");
        return fraction;
    };
    make(given);
    struct row {
        double fraction;
        duration lasts;
    };
    for (const auto& [drawn, lasts] : {row{0, 8s}, row{0.5, 10s}, row{0.75, 11s}, row{-1, 10s}, row{1, 10s},
                                       row{std::numeric_limits<double>::quiet_NaN(), 10s}}) {
        fraction = drawn;
        breaker().reset();
        fail(4);
        CHECK(std::chrono::abs(events.back().half_open_at - time.now() - lasts) < 1us);
    }
    given.random = nullptr;
    make(given);
    fail(4);
    CHECK(events.back().half_open_at >= time.now() + 8s);
    CHECK(events.back().half_open_at <= time.now() + 12s);
}

TEST_CASE_FIXTURE(breaker_fixture, "a circuit that opens forever is closed only by an operator") {
    auto given = options();
    given.open_for = duration::max();
    make(given);
    fail(4);
    CHECK(events.back().half_open_at == time_point::max());
    time.advance(24h * 365 * 100);
    CHECK(breaker().try_acquire().error().retry_after() == 0);
    breaker().reset();
    CHECK(permits());
}

TEST_CASE_FIXTURE(breaker_fixture, "with unlimited times no call is slow and probes are never written off") {
    auto given = options();
    given.slow_call_duration = duration::max();
    given.probe_timeout = duration::max();
    make(given);
    half_open();
    auto probe = breaker().try_acquire().value();
    time.advance(24h * 365 * 100);
    breaker().update();
    probe.succeed();
    CHECK(breaker().stats().slow_calls == 0);
    CHECK(breaker().state() == circuit_state::half_open);
}

TEST_CASE("options out of range are refused by name") {
    using options = circuit_breaker_options;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinite = std::numeric_limits<double>::infinity();
    for (const double wrong : {0.0, -0.5, 1.01, nan, infinite}) {
        CHECK(refused_option([&](options& o) {
                  o.failure_rate = wrong;
              }).starts_with("circuit_breaker_options.failure_rate = "));
        CHECK(refused_option([&](options& o) {
                  o.slow_call_rate = wrong;
              }).starts_with("circuit_breaker_options.slow_call_rate = "));
    }
    for (const double wrong : {0.0, 0.99, 10.01, nan, infinite})
        CHECK(refused_option([&](options& o) { o.open_backoff = wrong; }).find("open_backoff") != std::string::npos);
    for (const double wrong : {-0.01, 1.01, nan, infinite})
        CHECK(refused_option([&](options& o) { o.open_jitter = wrong; }).find("open_jitter") != std::string::npos);
    for (const duration wrong : {duration(0), duration(-1), duration::min()}) {
        CHECK(refused_option([&](options& o) { o.open_for = wrong; }).find("open_for") != std::string::npos);
        CHECK(refused_option([&](options& o) { o.max_open_for = wrong; }).find("max_open_for") != std::string::npos);
        CHECK(refused_option([&](options& o) { o.probe_timeout = wrong; }).find("probe_timeout") != std::string::npos);
        CHECK(refused_option([&](options& o) { o.slow_call_duration = wrong; }).find("slow_call") != std::string::npos);
        CHECK(refused_option([&](options& o) { o.window_time = wrong; }).find("window_time") != std::string::npos);
    }
    CHECK(refused_option([](options& o) { o.window_time = duration::max(); }).find("window_time") != std::string::npos);
    CHECK(refused_option([](options& o) { o.window_calls = 0; }) ==
          "circuit_breaker_options.window_calls = 0: accepted 1 to 100000");
    CHECK(refused_option([](options& o) { o.window_calls = 100'001; }).find("window_calls") != std::string::npos);
    CHECK(refused_option([](options& o) { o.minimum_calls = 0; }).find("minimum_calls") != std::string::npos);
    CHECK(refused_option([](options& o) { o.probes = 0; }).find("probes") != std::string::npos);
    CHECK(refused_option([](options& o) { o.time = nullptr; }).find("time") != std::string::npos);
    CHECK(refused_option([](options& o) {
              o.window_calls = 100'000;
              o.minimum_calls = o.probes = std::numeric_limits<std::uint32_t>::max();
              o.max_open_for = 1ns;
          }) == "accepted");
}

TEST_CASE_FIXTURE(breaker_fixture, "events report transitions with their rates, and refused calls") {
    succeed(1);
    fail(3);
    CHECK(!permits());
    REQUIRE(events.size() == 2);
    CHECK(events[0].breaker == "orders");
    CHECK(events[0].failure_rate == 0.75);
    CHECK(events[1].what == circuit_breaker_event::type::not_permitted);
    CHECK(events[1].from == circuit_state::open);
    CHECK(events[1].to == circuit_state::open);
    CHECK(breaker().stats().total_opened == 1);
    CHECK(breaker().stats().failure_rate == 0.75); // the rate that opened it
}

TEST_CASE_FIXTURE(breaker_fixture, "an observer of events may use the breaker and may throw") {
    auto given = options();
    given.on_event = [this](const circuit_breaker_event& one) {
        if (one.to == circuit_state::open && one.what == circuit_breaker_event::type::state_transition)
            breaker().reset();
        CHECK(breaker().stats().calls == 0);
        throw std::runtime_error("no pager");
    };
    make(given);
    fail(4);
    CHECK(breaker().state() == circuit_state::closed);
    CHECK(breaker().stats().total_events_failed == 2);
}

TEST_CASE_FIXTURE(breaker_fixture, "run makes the call and counts its outcome") {
    auto given = options();
    given.minimum_calls = 6;
    make(given);
    loop home(time);
    CHECK(home.block_on(breaker().run([] { return 7; })).value() == 7);
    CHECK(home.block_on(breaker().run([]() -> result<bool> { return errc::not_found; })).error() == errc::not_found);
    CHECK(home.block_on(breaker().run([]() -> task<result<void>> { co_return errc::unavailable; })).has_error());
    auto throws = []() -> task<int> {
        throw std::runtime_error("driver broke");
        co_return 1;
    };
    const error thrown = home.block_on(breaker().run(throws)).error();
    CHECK(thrown == errc::internal);
    CHECK(thrown.cause().message() == "driver broke");
    CHECK(home.block_on(breaker().run([]() -> int { throw std::bad_alloc(); })).error() == errc::unavailable);
    CHECK(breaker().stats().total_succeeded == 2);
    CHECK(breaker().stats().total_failed == 3);
    CHECK(home.block_on(breaker().run([]() -> task<result<void>> { co_return errc::cancelled; })).has_error());
    CHECK(breaker().stats().total_given_back == 1);
    CHECK(breaker().stats().calls == 5);
}

TEST_CASE_FIXTURE(breaker_fixture, "run doesn't call if the circuit is open") {
    loop home(time);
    open();
    int calls = 0;
    CHECK(home.block_on(breaker().run([&] { return ++calls; })).error().code() == "circuit_open");
    CHECK(calls == 0);
    time.advance(10s);
    CHECK(home.block_on(breaker().run([&] { return ++calls; })).value() == 1);
}

TEST_CASE_FIXTURE(breaker_fixture, "a call destroyed with its loop returns its probe") {
    half_open();
    {
        loop home(time);
        auto never = []() -> task<result<void>> { co_return co_await sleep_for(1h); };
        auto ask = [&]() -> task<void> { (void)co_await breaker().run(never); };
        for (int i = 0; i < 3; ++i) home.spawn(ask());
        home.poll();
        CHECK(!permits());
    }
    CHECK(breaker().stats().total_given_back == 3);
    CHECK(permits());
}

TEST_CASE_FIXTURE(breaker_fixture, "a breaker is a layer of a stack") {
    loop home(time);
    const stack policy{breaker()};
    CHECK(home.block_on(policy.run([]() -> result<int> { return 7; })).value() == 7);
    open();
    CHECK(home.block_on(policy.run([]() -> result<int> { return 7; })).error().code() == "circuit_open");
}

TEST_CASE("breakers count calls of all threads and never allow too many probes") {
    manual_clock time;
    std::atomic<int> opened = 0;
    circuit_breaker_options given;
    given.window_calls = 50;
    given.probes = 4;
    given.probe_timeout = duration::max();
    given.open_for = 1ns;
    given.time = &time;
    given.on_event = [&](const circuit_breaker_event& one) {
        if (one.what == circuit_breaker_event::type::state_transition && one.to == circuit_state::open) ++opened;
    };
    circuit_breaker breaker(given);
    std::atomic<int> probes_at_once = 0;
    std::atomic<int> too_many = 0;
    std::atomic<std::uint64_t> settled = 0;
    std::atomic<std::uint64_t> refused = 0;
    const auto work = [&](unsigned seed) {
        loop home(time);
        auto call = [&]() -> task<result<void>> {
            seed = seed * 1'664'525 + 1'013'904'223;
            const bool probes = breaker.state() == circuit_state::half_open;
            if (probes && ++probes_at_once > 4) ++too_many;
            if (probes) --probes_at_once;
            ++settled;
            if ((seed >> 16) % 8 < 5) co_return errc::unavailable;
            co_return ok();
        };
        for (int i = 0; i < 20'000; ++i) {
            const auto ended = home.block_on(breaker.run(call));
            if (!ended && ended.error().code() == "circuit_open") ++refused;
            time.advance(1ns);
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (auto& thread : threads) thread.join();
    const auto seen = breaker.stats();
    CHECK(seen.total_succeeded + seen.total_failed == settled);
    CHECK(seen.total_not_permitted == refused);
    CHECK(settled + refused == 80'000);
    CHECK(seen.total_opened == static_cast<std::uint64_t>(opened));
    CHECK(opened > 0);
    CHECK(seen.total_given_back == 0);
}
