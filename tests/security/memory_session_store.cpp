// SPDX-License-Identifier: MIT
// labels: concurrency
#include "support/session_store_conformance.hpp"
#include <weir/observe/metrics.hpp>
#include <weir/security/memory_session_store.hpp>
#include <weir/security/session_metrics.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::first_session_change;
using test_support::session_change;
using test_support::session_login;

namespace {

struct memory_store_env {
    manual_clock time;
    loop home{time};
    memory_session_store store{{.clock = &time}};

    void pass(duration much) { time.advance(much); }
};

// Ten sessions at most, two per user.
struct small_store_fixture {
    manual_clock time;
    loop home{time};
    memory_session_store kept{{.max_sessions = 10, .max_bytes = 20'000, .max_per_user = 2, .clock = &time}};
    test_support::session_store_driver store{home, kept};

    static std::string name(char kind, int number) { return kind + std::to_string(number); }
    std::size_t anonymous_left(int count) {
        std::size_t left = 0;
        for (int i = 0; i < count; ++i) left += store.load(name('a', i)) ? 1 : 0;
        return left;
    }
};

} // namespace

TEST_CASE("a store in memory does what every store does") {
    test_support::session_store_conformance<memory_store_env>();
}

TEST_CASE_FIXTURE(small_store_fixture, "a full store ends the anonymous sessions that weren't used for longest") {
    for (int i = 0; i < 10; ++i) REQUIRE(store.create(name('a', i), first_session_change(i, {{"n", "1"}})));
    REQUIRE(store.save("a0", session_change(20)));
    REQUIRE(store.create("b", session_login(21, "ann")));
    CHECK(store.load("a0"));
    CHECK(store.fields("a1") == "not_found");
    CHECK(kept.stats().active == 10);
    CHECK(kept.stats().evicted == 1);
}

TEST_CASE_FIXTURE(small_store_fixture, "a full store never ends a user's session for another's") {
    for (int i = 0; i < 10; ++i) REQUIRE(store.create(name('u', i), session_login(i, name('u', i))));
    const auto refused = store.create("a", first_session_change(10, {{"n", "1"}}));
    CHECK(refused.error() == errc::unavailable);
    CHECK(refused.error().code() == "sessions_full");
    CHECK(refused.error().retry_after() > 0);
    CHECK(store.create("x", session_login(11, "new")).error() == errc::unavailable);
    CHECK(kept.stats().refused == 2);
    CHECK(kept.stats().evicted == 0);
    for (int i = 0; i < 10; ++i) CHECK(store.load(name('u', i)));
    REQUIRE(store.save("u0", session_change(12, {{"n", "1"}})));
    time.advance(1min);
    CHECK(store.create("a", first_session_change(10, {{"n", "1"}})));
}

TEST_CASE_FIXTURE(small_store_fixture, "a change that doesn't fit is refused and leaves the session as it was") {
    const std::string large(9'000, '1');
    REQUIRE(store.create("u1", session_login(1, "ann")));
    REQUIRE(store.create("a", first_session_change(2, {{"n", "1"}})));
    REQUIRE(store.save("u1", session_change(3, {{"large", large}})));
    REQUIRE(store.load("a"));
    const std::string larger(12'000, '2');
    CHECK(store.save("u1", session_change(4, {{"more", larger}})).error().code() == "sessions_full");
    CHECK(store.fields("u1") == "large=" + large);
    CHECK(store.rename("u1", "u2", session_change(4, {{"more", larger}})).error().code() == "sessions_full");
    CHECK(store.fields("u1") == "large=" + large);
    CHECK(store.create("u3", first_session_change(5, {{"huge", std::string(30'000, '3')}})).has_error());
    REQUIRE(store.erase("u1"));
    REQUIRE(store.erase("a"));
    CHECK(kept.stats().active == 0);
    CHECK(kept.stats().bytes == 0);
}

TEST_CASE_FIXTURE(small_store_fixture, "an anonymous session that grows isn't ended to make room for itself") {
    for (int i = 0; i < 10; ++i) REQUIRE(store.create(name('a', i), first_session_change(i, {{"n", "1"}})));
    const std::string large(19'000, '1');
    REQUIRE(store.save("a0", session_change(11, {{"large", large}})));
    CHECK(store.fields("a0") == "large=" + large + " n=1");
    CHECK(kept.stats().bytes <= 20'000);
    CHECK(anonymous_left(10) < 10);
}

TEST_CASE_FIXTURE(small_store_fixture, "a further login of a user ends the session that wasn't used for longest") {
    REQUIRE(store.create("k1", session_login(1, "ann")));
    REQUIRE(store.create("k2", session_login(2, "ann")));
    REQUIRE(store.save("k1", session_change(3)));
    REQUIRE(store.create("k3", session_login(4, "ann")));
    CHECK(store.keys_of("ann") == std::vector<std::string>{"k3", "k1"});
    REQUIRE(store.create("a", first_session_change(5, {{"n", "1"}})));
    REQUIRE(store.rename("a", "k4", session_login(6, "ann")));
    CHECK(store.keys_of("ann") == std::vector<std::string>{"k4", "k3"});
    REQUIRE(store.rename("k3", "k5", session_login(7, "ann")));
    CHECK(store.keys_of("ann") == std::vector<std::string>{"k5", "k4"});
    CHECK(kept.stats().evicted == 2);
}

TEST_CASE_FIXTURE(small_store_fixture, "expired sessions leave the memory when others come") {
    for (int i = 0; i < 10; ++i) REQUIRE(store.create(name('a', i), first_session_change(i, {{"n", "1"}})));
    time.advance(1min);
    CHECK(kept.stats().active == 10);
    for (int i = 0; i < 5; ++i) REQUIRE(store.create(name('b', i), first_session_change(60 + i, {{"n", "1"}})));
    CHECK(kept.stats().active == 5);
    CHECK(kept.stats().expired == 10);
    CHECK(kept.stats().evicted == 0);
}

TEST_CASE("a store's metrics name what happened to its sessions") {
    memory_store_env env;
    metrics all;
    measure(all, env.store, "web");
    test_support::session_store_driver store(env.home, env.store);
    REQUIRE(store.create("k1", session_login(1, "ann")));
    REQUIRE(store.load("k1"));
    CHECK(store.load("k2").has_error());
    const std::string text = all.text();
    CHECK(text.find("sessions_active{name=\"web\"} 1") != std::string::npos);
    CHECK(text.find("sessions_total{name=\"web\",event=\"created\"} 1") != std::string::npos);
    CHECK(text.find("sessions_total{name=\"web\",event=\"missing\"} 1") != std::string::npos);
    CHECK_THROWS_AS(memory_session_store({.max_sessions = 0}), std::invalid_argument);
}

TEST_CASE("threads share a store, and its limits hold") {
    memory_session_store kept({.max_sessions = 50, .max_per_user = 3});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&kept, t] {
            loop home;
            test_support::session_store_driver store(home, kept);
            for (int i = 0; i < 300; ++i) {
                const std::string key = std::to_string(t) + '-' + std::to_string(i);
                const std::string user = "u" + std::to_string(i % 5);
                (void)store.create(key, first_session_change(i, {{"n", "1"}}));
                (void)store.save(key, session_change(i, {{"m", "2"}}));
                (void)store.rename(key, key + "x", session_login(i, user));
                (void)store.load(key + "x");
                CHECK(store.keys_of(user).size() <= 3);
                if (i % 7 == 0) store.erase_others_of(user, key + "x");
                if (i % 3 == 0) (void)store.erase(key + "x");
            }
        });
    }
    for (auto& one : threads) one.join();
    CHECK(kept.stats().active <= 15);
    loop home;
    for (int i = 0; i < 5; ++i) CHECK(home.block_on(kept.erase_all_of("u" + std::to_string(i))).has_value());
    CHECK(kept.stats().active == 0);
    CHECK(kept.stats().bytes == 0);
}
