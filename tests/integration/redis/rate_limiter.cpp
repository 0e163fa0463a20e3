// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/redis/fixture.hpp"
#include <weir/observe/metrics.hpp>
#include <weir/redis/rate_limiter.hpp>
#include <weir/redis/rate_limiter_metrics.hpp>

#include <atomic>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace redis_test;

namespace {

// The machine's clocks, ahead by a while, as in a process on another machine.
class offset_clock final : public weir::clock {
public:
    explicit offset_clock(duration ahead) : ahead_(ahead) {}

    time_point now() const noexcept override { return system_clock().now() + ahead_; }
    wall_time wall_now() const noexcept override {
        return system_clock().wall_now() + std::chrono::duration_cast<wall_time::duration>(ahead_);
    }

private:
    duration ahead_;
};

redis::rate_limiter_options patient(double rate, duration per, std::size_t burst) {
    redis::rate_limiter_options options;
    options.rate = rate;
    options.per = per;
    options.burst = burst;
    options.timeout = 10s; // the machine may be busy
    return options;
}

// Asks for permits as fast as Redis answers, until `until` by the machine's clock; returns how many it got.
std::uint64_t greedy_process(const std::string& url, duration clock_offset, double rate, std::size_t burst,
                             std::chrono::steady_clock::time_point until) {
    const offset_clock time(clock_offset);
    loop home(time);
    redis::client db(options_for(url));
    auto options = patient(rate, 1s, burst);
    options.time = &time;
    redis::rate_limiter limit(db, options);
    while (std::chrono::steady_clock::now() < until) {
        const auto decided = home.block_on(limit.acquire("shared"));
        if (!decided) throw std::runtime_error(decided.error().describe());
    }
    const auto counted = limit.stats();
    if (counted.local_decisions != 0) throw std::runtime_error("a decision was local");
    return counted.allowed;
}

struct limited_redis : redis_fixture {
    rate_decision decide(redis::rate_limiter& by, std::string_view key, std::size_t n = 1) {
        return home.block_on(by.acquire(key, n)).value();
    }
};

std::string refused_option(const redis::rate_limiter_options& options) {
    redis::client db("redis://127.0.0.1:1");
    try {
        redis::rate_limiter made(db, options);
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "";
}

} // namespace

TEST_CASE_FIXTURE(limited_redis, "a shared limit allows the burst, and refuses with the time until the next permit") {
    redis::rate_limiter limit(db, patient(1, 1h, 3));
    for (std::uint64_t left : {2U, 1U, 0U}) {
        const auto decided = decide(limit, "ann");
        CHECK(decided.allowed);
        CHECK(decided.limit == 3);
        CHECK(decided.remaining == left);
        CHECK(decided.window == 3h);
        CHECK(decided.retry_after == 0s);
    }
    const auto refused = decide(limit, "ann");
    CHECK_FALSE(refused.allowed);
    CHECK(refused.remaining == 0);
    CHECK(refused.retry_after > 59min);
    CHECK(refused.retry_after <= 1h);
    CHECK(refused.reset_after > 179min);
    CHECK(refused.reset_after <= 3h);
    CHECK(decide(limit, "bob").allowed); // another key
    CHECK(limit.stats().allowed == 4);
    CHECK(limit.stats().refused == 1);
    CHECK(limit.stats().local_decisions == 0);
}

TEST_CASE_FIXTURE(limited_redis, "several permits are taken together or not at all, and none only checks") {
    redis::rate_limiter limit(db, patient(1, 1h, 5));
    CHECK(decide(limit, "k", 0).remaining == 5);
    CHECK_FALSE(run(db.get("rate:k")).value());
    CHECK(decide(limit, "k", 4).remaining == 1);
    CHECK_FALSE(decide(limit, "k", 2).allowed);
    CHECK(decide(limit, "k", 0).remaining == 1);
    CHECK(decide(limit, "k", 6).retry_after == rate_decision::never);
    CHECK(decide(limit, "k", std::numeric_limits<std::size_t>::max()).retry_after == rate_decision::never);
    CHECK(decide(limit, "k", 1).allowed);
}

TEST_CASE_FIXTURE(limited_redis, "two limiters share a key, which expires when its bucket is full") {
    redis::client other(options_for(server.url()));
    redis::rate_limiter here(db, patient(1, 1h, 2));
    redis::rate_limiter there(other, patient(1, 1h, 2));
    CHECK(decide(here, "k").allowed);
    CHECK(decide(there, "k").allowed);
    CHECK_FALSE(decide(here, "k").allowed);
    CHECK_FALSE(decide(there, "k").allowed);
    const auto expiry = ask<std::int64_t>("PTTL", "rate:k").value();
    CHECK(expiry > 7'100'000);
    CHECK(expiry <= 7'200'000);
}

TEST_CASE_FIXTURE(limited_redis, "permits come back by the clock of Redis, and the key goes away by itself") {
    redis::rate_limiter limit(db, patient(50, 1s, 1));
    CHECK(decide(limit, "k").allowed);
    run_until([&] { return decide(limit, "k", 0).remaining == 1; });
    run_until([&] { return ask<int>("EXISTS", "rate:k").value() == 0; });
}

TEST_CASE_FIXTURE(limited_redis, "a state far ahead, malformed or empty neither blocks a key nor fails") {
    redis::rate_limiter limit(db, patient(1, 1h, 2));
    CHECK(run(db.set("rate:ahead", "99999999999 0"))); // the clock of Redis was set back
    CHECK(decide(limit, "ahead").reset_after == 2h);
    for (const char* state : {"", "nan", "1", "-1 -1", "1 2 3", "inf inf"}) {
        CHECK(run(db.set("rate:odd", state)));
        CHECK(decide(limit, "odd").remaining == 1);
    }
}

TEST_CASE_FIXTURE(limited_redis, "two processes with clocks 30 s apart get at most 1 % more than the limit") {
    constexpr double rate = 50;
    constexpr std::size_t burst = 5;
    const auto begun = std::chrono::steady_clock::now();
    const auto until = begun + 2s;
    std::uint64_t there = 0;
    std::thread other([&] { there = greedy_process(server.url(), 30s, rate, burst, until); });
    const std::uint64_t here = greedy_process(server.url(), 0s, rate, burst, until);
    other.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    const double entitled = rate * took.count() + burst;
    INFO("allowed " << here << " + " << there << " of " << entitled);
    CHECK(static_cast<double>(here + there) <= entitled * 1.01);
    CHECK(static_cast<double>(here + there) >= rate); // there were more calls than permits
    CHECK(here > 0);
    CHECK(there > 0);
}

TEST_CASE("without Redis the local share decides, and after the first failure at once") {
    loop home;
    manual_clock time;
    redis::client db(options_for("redis://127.0.0.1:1")); // its commands wait for a connection
    auto options = patient(1, 1h, 10);
    options.timeout = 30ms;
    options.local_share = 0.3;
    options.time = &time;
    std::vector<std::string> refused;
    options.on_event = [&](const rate_limit_event& one) {
        refused.emplace_back(one.key);
        throw std::runtime_error("ignored");
    };
    redis::rate_limiter limit(db, options);
    CHECK_FALSE(limit.stats().degraded);
    for (int i = 0; i < 3; ++i) CHECK(home.block_on(limit.acquire("k")).value().allowed);
    const auto fourth = home.block_on(limit.acquire("k")).value();
    CHECK_FALSE(fourth.allowed);
    CHECK(fourth.limit == 3);
    CHECK(home.block_on(limit.acquire("m", 5)).value().retry_after == options.retry_max);
    CHECK(home.block_on(limit.acquire("m", 11)).value().retry_after == rate_decision::never);
    const auto counted = limit.stats();
    CHECK(counted.degraded);
    CHECK(counted.unanswered == 1); // only the first call has waited
    CHECK(counted.local_decisions == 6);
    CHECK(counted.local_keys >= 1);
    CHECK(refused == std::vector<std::string>{"k", "m", "m"});

    time.advance(150ms); // the first pause is at most that
    CHECK(home.block_on(limit.acquire("n")).value().allowed);
    CHECK(home.block_on(limit.acquire("n")).value().allowed);
    CHECK(limit.stats().unanswered == 2);
}

TEST_CASE_FIXTURE(limited_redis, "a frozen Redis costs one call its timeout, and is used again once it answers") {
    manual_clock time;
    auto options = patient(1, 1h, 10);
    options.timeout = 50ms;
    options.time = &time;
    redis::rate_limiter limit(db, options);
    run_until([&] { // connects, although the machine may be busy
        time.advance(1min);
        return decide(limit, "k", 0).limit == 10;
    });
    const auto before = limit.stats().unanswered;
    server.freeze();
    for (int i = 0; i < 5; ++i) CHECK(decide(limit, "k").allowed);
    CHECK_FALSE(decide(limit, "k").allowed); // the local share is half of the limit
    CHECK(limit.stats().degraded);
    CHECK(limit.stats().unanswered == before + 1);
    server.thaw();
    run_until([&] {
        time.advance(1min);
        return decide(limit, "k", 0).limit == 10;
    });
    CHECK_FALSE(limit.stats().degraded);
}

TEST_CASE_FIXTURE(limited_redis, "a killed and restarted Redis is used again, empty, with the script sent once more") {
    auto terms = options_for(server.url());
    terms.connect_wait = 50ms;
    redis::client impatient(terms);
    manual_clock time;
    auto options = patient(1, 1h, 4);
    options.time = &time;
    redis::rate_limiter limit(impatient, options);
    const auto shared = [&] {
        time.advance(1min);
        return decide(limit, "k", 0).limit == 4;
    };
    run_until(shared);
    CHECK(decide(limit, "k", 4).allowed);
    server.kill();
    run_until([&] { return decide(limit, "k", 0).limit == 2; });
    CHECK(limit.stats().degraded);
    server.start();
    run_until(shared);
    CHECK(decide(limit, "k", 4).allowed);
    CHECK_FALSE(limit.stats().degraded);
}

TEST_CASE_FIXTURE(limited_redis, "a key that isn't a limiter's is decided locally, without holding up the others") {
    redis::rate_limiter limit(db, patient(1, 1h, 4));
    CHECK(ask<int>("LPUSH", "rate:list", "x").value() == 1);
    CHECK(decide(limit, "list").limit == 2);
    CHECK(decide(limit, "k").limit == 4);
    CHECK(limit.stats().rejected == 1);
    CHECK_FALSE(limit.stats().degraded);
}

TEST_CASE_FIXTURE(limited_redis,
                  "a caller that leaves, or is late itself, gets its error and doesn't degrade the limit") {
    redis::rate_limiter limit(db, patient(1, 1h, 4));
    CHECK(decide(limit, "k").allowed);
    server.freeze();
    pending_call<rate_decision> leaving(home, limit.acquire("k"));
    run_until([&] { return db.stats().in_flight == 1; });
    leaving.cancel();
    run_until([&] { return leaving.over(); });
    CHECK(leaving.outcome().error() == errc::cancelled);
    CHECK(run(with_timeout(20ms, limit.acquire("k"))).error() == errc::deadline_exceeded);
    CHECK_FALSE(limit.stats().degraded);
    CHECK(limit.stats().local_decisions == 0);
    server.thaw();
    CHECK(decide(limit, "k").allowed);
}

TEST_CASE_FIXTURE(limited_redis, "calls outlive their limiter and their client") {
    auto own = std::make_optional<redis::client>(options_for(server.url()));
    auto options = patient(1, 1h, 4);
    auto limit = std::make_optional<redis::rate_limiter>(*own, options);
    CHECK(decide(*limit, "k").allowed);
    server.freeze();
    pending_call<rate_decision> waiting(home, limit->acquire("k"));
    auto unstarted = limit->acquire("k");
    run_until([&] { return own->stats().in_flight == 1; });
    limit.reset();
    own.reset();
    run_until([&] { return waiting.over(); });
    CHECK(waiting.outcome().value().limit == 2); // decided locally
    CHECK(run(std::move(unstarted)).value().limit == 2);
}

TEST_CASE_FIXTURE(limited_redis, "as a layer, the limiter runs a call or refuses it with the time to retry") {
    redis::rate_limiter limit(db, patient(1, 1min, 1));
    int calls = 0;
    const auto work = [&] { return ++calls; };
    CHECK(run(limit.run("k", work)).value() == 1);
    const auto refused = run(limit.run("k", work)).error();
    CHECK(refused == errc::resource_exhausted);
    CHECK(refused.retry_after() > 50);
    CHECK(calls == 1);
}

TEST_CASE("a limit of nothing and no limit need no Redis") {
    loop home;
    redis::client db("redis://127.0.0.1:1");
    redis::rate_limiter none(db, patient(0, 1s, 5));
    CHECK_FALSE(home.block_on(none.acquire("k")).value().allowed);
    CHECK(home.block_on(none.acquire("k", 0)).value().allowed);
    redis::rate_limiter all(db, patient(std::numeric_limits<double>::infinity(), 1s, 5));
    CHECK(home.block_on(all.acquire("k", 1'000'000)).value().limit == rate_decision::no_limit);
    redis::rate_limiter closed(db, patient(1, 1s, 0));
    CHECK(home.block_on(closed.acquire("k")).value().retry_after == rate_decision::never);
    CHECK(db.stats().commands == 0);
}

TEST_CASE("invalid options of a shared limit are refused by name") {
    using options = redis::rate_limiter_options;
    CHECK(refused_option(options{}).empty());
    CHECK(refused_option({.rate = -1}).find("redis::rate_limiter: rate = -1") != std::string::npos);
    CHECK(refused_option({.per = 0s}).find("per") != std::string::npos);
    CHECK(refused_option({.burst = std::numeric_limits<std::size_t>::max()}).find("burst") != std::string::npos);
    CHECK(refused_option({.timeout = 0s}).find("timeout") != std::string::npos);
    CHECK(refused_option({.timeout = -1s}).find("timeout") != std::string::npos);
    CHECK(refused_option({.local_share = -0.1}).find("local_share") != std::string::npos);
    CHECK(refused_option({.local_share = 1.1}).find("local_share") != std::string::npos);
    CHECK(refused_option({.local_share = std::numeric_limits<double>::quiet_NaN()}).find("local_share") !=
          std::string::npos);
    CHECK(refused_option({.max_keys = 0}).find("max_keys") != std::string::npos);
    CHECK(refused_option({.retry_base = 0s}).find("retry_base") != std::string::npos);
    CHECK(refused_option({.retry_base = 2s, .retry_max = 1s}).find("retry_max") != std::string::npos);
    CHECK(refused_option({.time = nullptr}).find("time") != std::string::npos);
}

TEST_CASE("a shared limit's metrics say that it is degraded") {
    loop home;
    auto terms = options_for("redis://127.0.0.1:1");
    terms.connect_wait = 0s;
    redis::client db(terms);
    redis::rate_limiter limit(db, patient(1, 1h, 4));
    metrics all;
    measure(all, limit, "logins");
    CHECK(all.text().find("rate_limiter_degraded{name=\"logins\"} 0") != std::string::npos);
    CHECK(home.block_on(limit.acquire("k")).value().allowed);
    const std::string shown = all.text();
    CHECK(shown.find("rate_limiter_degraded{name=\"logins\"} 1") != std::string::npos);
    CHECK(shown.find("rate_limiter_local_decisions_total{name=\"logins\"} 1") != std::string::npos);
    CHECK(shown.find("rate_limiter_allowed_total{name=\"logins\"} 1") != std::string::npos);
    CHECK_THROWS_AS(measure(all, limit, "logins"), std::invalid_argument);
}
