// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/redis/fixture.hpp"
#include <weir/observe/metrics.hpp>
#include <weir/redis/lock.hpp>
#include <weir/redis/lock_metrics.hpp>

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace redis_test;
using redis::held_lock;

namespace {

struct locking_redis : redis_fixture {
    redis::lock locks{db, redis::lock_options{.ttl = 1h, .poll = 5ms}};

    held_lock take(std::string_view name, duration ttl = 1h) {
        auto taken = run(locks.acquire(name, ttl));
        REQUIRE(taken);
        return std::move(*taken);
    }
    bool is_free(const std::string& name) { return ask<int>("EXISTS", "lock:{" + name + "}").value() == 0; }
};

std::string refused_lock(redis::lock_options options) {
    redis::client db("redis://127.0.0.1:1");
    try {
        redis::lock made(db, std::move(options));
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "";
}

task<result<void>> work_for_ever(bool& begun, std::optional<error>& ended) {
    begun = true;
    auto slept = co_await sleep_for(24h);
    ended = slept.error();
    co_return slept.error();
}

} // namespace

TEST_CASE_FIXTURE(locking_redis, "a lock has one holder, and after its release another") {
    redis::client second(options_for(server.url()));
    redis::lock others(second);
    auto held = take("job");
    CHECK_FALSE(held.lost());
    const auto refused = run(others.acquire("job")).error();
    CHECK(refused == errc::conflict);
    CHECK(refused.code() == "lock_held");
    CHECK(run(others.acquire("other")));
    CHECK(run(held.release()));
    CHECK(is_free("job"));
    CHECK(run(held.release())); // does nothing
    CHECK_FALSE(held.lost());
    CHECK(run(others.acquire("job")));
    CHECK(locks.stats().acquired == 1);
    CHECK(locks.stats().held == 0);
    CHECK(others.stats().refused == 1);
}

TEST_CASE_FIXTURE(locking_redis, "fencing tokens grow, also when Redis has lost everything") {
    std::uint64_t last = 0;
    for (int i = 0; i < 5; ++i) {
        auto held = take("job");
        CHECK(held.fencing_token() > last);
        last = held.fencing_token();
        CHECK(run(held.release()));
    }
    CHECK(ask("FLUSHALL"));
    auto held = take("job");
    CHECK(held.fencing_token() > last);
}

TEST_CASE_FIXTURE(locking_redis, "fencing tokens grow although the clock of Redis was set back") {
    const std::string ahead = "9000000000000000";
    CHECK(run(db.set("lock:{job}:fence", ahead)));
    CHECK(take("job").fencing_token() == 9'000'000'000'000'001U);
}

TEST_CASE_FIXTURE(locking_redis, "a lock that goes out of scope or is assigned to is released in the background") {
    {
        auto held = take("job");
        CHECK_FALSE(is_free("job"));
    }
    run_until([&] { return is_free("job"); });
    auto held = take("a");
    held = take("b");
    run_until([&] { return is_free("a"); });
    CHECK_FALSE(is_free("b"));
    held_lock moved = std::move(held);
    CHECK(held.lost());
    CHECK(held.fencing_token() == 0);
    CHECK(run(held.release()));
    CHECK_FALSE(moved.lost());
}

TEST_CASE_FIXTURE(locking_redis, "a waiting caller gets the lock once it is released") {
    auto held = take("job");
    pending_call<held_lock> waiting(home, locks.acquire("job", 10s, 1min));
    run_until([&] { return db.stats().replies >= 5; }); // it has asked a few times
    CHECK_FALSE(waiting.over());
    CHECK(run(held.release()));
    run_until([&] { return waiting.over(); });
    CHECK(waiting.outcome().value().fencing_token() > held.fencing_token());
    CHECK(run(locks.acquire("job", 10s, 20ms)).error().code() == "lock_held");
}

TEST_CASE_FIXTURE(locking_redis, "a waiting caller that leaves keeps nothing") {
    auto held = take("job");
    pending_call<held_lock> waiting(home, locks.acquire("job", 10s, 1min));
    run_until([&] { return db.stats().replies >= 5; });
    waiting.cancel();
    run_until([&] { return waiting.over(); });
    CHECK(waiting.outcome().error() == errc::cancelled);
    CHECK(run(with_timeout(30ms, locks.acquire("job", 10s, 1min))).error() == errc::deadline_exceeded);
    CHECK(run(held.release()));
    run_until([&] { return is_free("job"); });
}

TEST_CASE_FIXTURE(locking_redis, "a lock that was granted to a caller that had left is released") {
    CHECK(run(db.ping()));
    server.freeze();
    pending_call<held_lock> leaving(home, locks.acquire("job"));
    run_until([&] { return db.stats().in_flight == 1; });
    leaving.cancel();
    run_until([&] { return leaving.over(); });
    CHECK(leaving.outcome().error() == errc::cancelled);
    server.thaw();
    run_until([&] { return run(locks.acquire("job")).has_value(); });
}

TEST_CASE_FIXTURE(locking_redis, "a lock is renewed while it is held") {
    auto held = take("job", 1s);
    run_until([&] { return locks.stats().renewed >= 4; }); // longer than its ttl
    CHECK_FALSE(held.lost());
    CHECK_FALSE(is_free("job"));
    CHECK(run(held.release()));
    CHECK(locks.stats().lost == 0);
}

TEST_CASE_FIXTURE(locking_redis, "a lock whose key another holder has is lost at the next renewal") {
    auto held = take("job", 600ms);
    CHECK(run(db.set("lock:{job}", std::string("another"))));
    CHECK(run(with_timeout(1min, held.until_lost())));
    CHECK(held.lost());
    CHECK(locks.stats().lost == 1);
    CHECK(run(held.release()).error().code() == "lock_lost");
    CHECK(run(db.get("lock:{job}")).value() == "another"); // a wrong token doesn't release it
}

TEST_CASE_FIXTURE(locking_redis, "the release of a lock that another holder has leaves that alone, and says so") {
    auto held = take("job");
    CHECK(run(db.set("lock:{job}", std::string("another"))));
    CHECK_FALSE(held.lost()); // it can't know yet
    CHECK(run(held.release()).error().code() == "lock_lost");
    CHECK(run(db.get("lock:{job}")).value() == "another");
}

TEST_CASE_FIXTURE(locking_redis, "a lock is lost by the local clock while Redis is frozen") {
    auto held = take("job", 600ms);
    server.freeze();
    CHECK(run(with_timeout(1min, held.until_lost())));
    CHECK(held.lost());
    CHECK(run(held.release()).error() == errc::conflict);
    server.thaw();
    auto next = run(locks.acquire("job", 10s, 1min));
    CHECK(next.value().fencing_token() > held.fencing_token());
}

TEST_CASE_FIXTURE(locking_redis,
                  "a lock is lost while Redis answers no client, and the paused renewal doesn't revive it") {
    auto held = take("job", 600ms);
    CHECK(ask("CLIENT", "PAUSE", 1500, "ALL"));
    CHECK(run(with_timeout(1min, held.until_lost())));
    auto next = run(locks.acquire("job", 10s, 1min));
    REQUIRE(next);
    CHECK(next->fencing_token() > held.fencing_token());
    CHECK_FALSE(next->lost());
}

TEST_CASE("a process that was paused beyond the ttl knows at once that its lock is lost") {
    redis_server server;
    manual_clock time;
    loop home(time);
    redis::client db(options_for(server.url()));
    redis::lock locks(db);
    auto held = home.block_on(locks.acquire("job", 10s));
    REQUIRE(held);
    CHECK_FALSE(held->lost());
    time.advance(9s);
    CHECK_FALSE(held->lost());
    time.advance(1s); // as if the loop had stood still
    CHECK(held->lost());
    CHECK(home.block_on(held->release()).error().code() == "lock_lost");
    CHECK(locks.stats().lost == 1);
}

TEST_CASE_FIXTURE(locking_redis, "a lock survives a short freeze of Redis") {
    auto held = take("job", 5s);
    server.freeze();
    pending_call<void> wait(home, held.until_lost());
    run_until([&] { return db.stats().in_flight >= 1; }); // the renewal
    server.thaw();
    run_until([&] { return locks.stats().renewed >= 1; });
    CHECK_FALSE(held.lost());
    CHECK_FALSE(wait.over());
    wait.cancel();
    run_until([&] { return wait.over(); });
    CHECK(wait.outcome().error() == errc::cancelled);
}

TEST_CASE_FIXTURE(locking_redis, "a lock is lost with a Redis that restarts empty") {
    auto held = take("job", 2s);
    server.kill();
    server.start();
    CHECK(run(with_timeout(1min, held.until_lost())));
    CHECK(held.lost());
    auto next = run(locks.acquire("job", 10s, 1min));
    CHECK(next.value().fencing_token() > held.fencing_token());
}

TEST_CASE_FIXTURE(locking_redis, "a held lock outlives its client and its lock, and is lost") {
    auto own = std::make_optional<redis::client>(options_for(server.url()));
    auto by = std::make_optional<redis::lock>(*own);
    auto held = run(by->acquire("job", 600ms));
    REQUIRE(held);
    by.reset();
    own.reset();
    CHECK_FALSE(held->lost());
    CHECK(run(with_timeout(1min, held->until_lost())));
    CHECK(held->lost());
}

TEST_CASE("a held lock outlives its loop") {
    redis_server server;
    redis::client db(options_for(server.url()));
    redis::lock locks(db);
    std::optional<held_lock> held;
    std::optional<held_lock> released;
    {
        loop home;
        held.emplace(home.block_on(locks.acquire("a")).value());
        released.emplace(home.block_on(locks.acquire("b")).value());
        CHECK(home.block_on(released->release()));
    }
    CHECK(held->lost());
    held.reset();
    released.reset();
    CHECK(locks.stats().held == 0);
}

TEST_CASE("a loop that ends while a task holds a lock or waits for one frees both") {
    redis_server server;
    redis::client db(options_for(server.url()));
    redis::lock locks(db, {.poll = 5ms});
    {
        loop home;
        bool begun = false;
        std::optional<error> ended;
        auto work = [&](held_lock&) { return work_for_ever(begun, ended); };
        pending_call<void> holding(home, locks.with_lock("job", work));
        pending_call<held_lock> waiting(home, locks.acquire("job", 10s, 1min));
        redis_fixture::run_loop_until(home, [&] { return begun && db.stats().replies >= 5; });
    }
    CHECK(locks.stats().held == 0);
}

TEST_CASE_FIXTURE(locking_redis, "with_lock runs the call with the lock, and returns what it returns") {
    std::uint64_t fencing = 0;
    auto work = [&](held_lock& held) -> task<result<int>> {
        fencing = held.fencing_token();
        co_return 42;
    };
    CHECK(run(locks.with_lock("job", work)).value() == 42);
    CHECK(fencing > 0);
    CHECK(is_free("job"));
    auto failing = [](held_lock&) -> result<int> { return errc::not_found; };
    CHECK(run(locks.with_lock("job", failing)).error() == errc::not_found);
    auto throwing = [](held_lock&) -> int { throw std::runtime_error("broken"); };
    CHECK(run(locks.with_lock("job", throwing)).error() == errc::internal);
    CHECK(is_free("job"));
    auto held = take("job");
    CHECK(run(locks.with_lock("job", work)).error().code() == "lock_held");
}

TEST_CASE_FIXTURE(locking_redis, "with_lock cancels the call when the lock is lost") {
    redis::lock brief(db, {.ttl = 600ms});
    bool begun = false;
    std::optional<error> ended;
    auto work = [&](held_lock&) { return work_for_ever(begun, ended); };
    pending_call<void> working(home, brief.with_lock("job", work));
    run_until([&] { return begun; });
    CHECK(run(db.del("lock:{job}")).value());
    run_until([&] { return working.over(); });
    CHECK(working.outcome().error().code() == "lock_lost");
    CHECK(ended.value() == errc::cancelled);
}

TEST_CASE_FIXTURE(locking_redis, "with_lock passes on its caller's cancellation, and releases the lock") {
    bool begun = false;
    std::optional<error> ended;
    auto work = [&](held_lock&) { return work_for_ever(begun, ended); };
    pending_call<void> working(home, locks.with_lock("job", work));
    run_until([&] { return begun; });
    working.cancel();
    run_until([&] { return working.over(); });
    CHECK(working.outcome().error() == errc::cancelled);
    CHECK(ended.value() == errc::cancelled);
    run_until([&] { return is_free("job"); });
}

TEST_CASE("in a cluster the two keys of a lock have one slot, whatever its name") {
    test_support::redis_cluster cluster;
    loop home;
    redis::client db(options_for(cluster.url()));
    redis::lock locks(db);
    for (const char* name : {"a", "b", "c", "a{b}c", "a}b", "{}", "{", "\r\n"}) {
        auto held = home.block_on(locks.acquire(name));
        REQUIRE(held);
        CHECK(home.block_on(held->release()));
    }
}

TEST_CASE("without Redis a lock fails after its wait with the reason") {
    loop home;
    auto terms = options_for("redis://127.0.0.1:1");
    terms.connect_wait = 0s;
    redis::client db(terms);
    redis::lock locks(db, {.poll = 5ms});
    CHECK(home.block_on(locks.acquire("job")).error() == errc::unavailable);
    CHECK(home.block_on(locks.acquire("job", 10s, 50ms)).error() == errc::unavailable);
    CHECK(locks.stats().held == 0);
}

TEST_CASE_FIXTURE(locking_redis, "invalid options, names and times are refused") {
    CHECK(refused_lock({}).empty());
    CHECK(refused_lock({.ttl = 0s}).find("redis::lock: ttl = 0 ns") != std::string::npos);
    CHECK(refused_lock({.ttl = duration::max()}).find("ttl") != std::string::npos);
    CHECK(refused_lock({.wait = -1s}).find("wait") != std::string::npos);
    CHECK(refused_lock({.poll = 0s}).find("poll") != std::string::npos);
    CHECK(run(locks.acquire("")).error() == errc::invalid_argument);
    CHECK(run(locks.acquire("}a")).error() == errc::invalid_argument);
    CHECK(run(locks.acquire("a", 0s)).error() == errc::invalid_argument);
    CHECK(run(locks.acquire("a", -1s)).error() == errc::invalid_argument);
    CHECK(run(locks.acquire("a", 9ms)).error() == errc::invalid_argument);
    CHECK(run(locks.acquire("a", duration::max())).error() == errc::invalid_argument);
    CHECK(run(locks.acquire("a", 10s, -1s)).error() == errc::invalid_argument);
    CHECK(run(locks.acquire("a", 10s, duration::max()))); // an endless wait for a free lock
    CHECK(db.stats().errors <= 1);                        // the script's first call by its SHA-1
}

TEST_CASE_FIXTURE(locking_redis, "a lock's metrics count what happens to it") {
    metrics all;
    measure(all, locks, "jobs");
    auto held = take("job");
    CHECK_FALSE(run(locks.acquire("job")));
    const std::string shown = all.text();
    CHECK(shown.find("redis_locks_held{name=\"jobs\"} 1") != std::string::npos);
    CHECK(shown.find("redis_locks_acquired_total{name=\"jobs\"} 1") != std::string::npos);
    CHECK(shown.find("redis_locks_refused_total{name=\"jobs\"} 1") != std::string::npos);
    CHECK(shown.find("redis_lock_renewals_total{name=\"jobs\",outcome=\"renewed\"} 0") != std::string::npos);
    CHECK_THROWS_AS(measure(all, locks, "jobs"), std::invalid_argument);
}
