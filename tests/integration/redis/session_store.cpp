// SPDX-License-Identifier: MIT
// labels: integration
#include "support/redis_server.hpp"
#include "support/session_store_conformance.hpp"
#include <weir/redis/session_store.hpp>
#include <weir/security/session_keeper.hpp>

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

struct redis_store_env {
    test_support::redis_server server;
    loop home;
    redis::client db{server.url()};
    redis::session_store store{db, {.max_per_user = 3}};

    // Redis has no clock to set.
    void pass(duration much) { home.block_on(sleep(much)); }
    static task<void> sleep(duration much) { co_await sleep_for(much); }
};

struct redis_cluster_env {
    test_support::redis_cluster nodes;
    loop home;
    redis::client db{nodes.url()};
    redis::session_store store{db};

    void pass(duration much) { home.block_on(redis_store_env::sleep(much)); }
};

struct redis_store_fixture : redis_store_env {
    test_support::session_store_driver driver{home, store};
};

} // namespace

TEST_CASE("a store in Redis does what every store does") { test_support::session_store_conformance<redis_store_env>(); }

TEST_CASE("a store in a cluster of Redis does what every store does") {
    test_support::session_store_conformance<redis_cluster_env>();
}

TEST_CASE_FIXTURE(redis_store_fixture, "a session is a hash that expires, with one field for each of its own") {
    auto first = session_login(1, "ann");
    first.set = {{"cart", "[1]"}};
    first.time_to_live = 30min;
    REQUIRE(driver.create("k1", first));
    CHECK(server.cli({"HGET", "session:k1", "field:cart"}) == "[1]");
    CHECK(server.cli({"HGET", "session:k1", "user"}) == "ann");
    CHECK(server.cli({"HGET", "session:k1", "created"}) == "1767225601000000");
    CHECK(std::stoll(server.cli({"PTTL", "session:k1"})) > 29 * 60'000);
    CHECK(server.cli({"ZRANGE", "session:user:ann", "0", "-1"}) == "k1");
    CHECK(std::stoll(server.cli({"PTTL", "session:user:ann"})) > 30 * 60'000);
    REQUIRE(driver.erase("k1"));
    CHECK(server.cli({"DBSIZE"}) == "0");
}

TEST_CASE_FIXTURE(redis_store_fixture, "a further login of a user ends the session that wasn't used for longest") {
    for (int i = 0; i < 4; ++i) {
        REQUIRE(driver.create("k" + std::to_string(i), session_login(i, "ann")));
        pass(2ms);
    }
    CHECK(driver.keys_of("ann") == std::vector<std::string>{"k3", "k2", "k1"});
    CHECK(driver.fields("k0") == "not_found");
    CHECK(store.stats().evicted == 1);
}

TEST_CASE_FIXTURE(redis_store_fixture, "a user's index lives as long as a session that is used") {
    auto login = session_login(1, "ann");
    login.time_to_live = 2s;
    REQUIRE(driver.create("k1", login));
    for (int i = 0; i < 6; ++i) {
        pass(500ms);
        auto touch = session_change(2 + i);
        touch.time_to_live = 2s;
        REQUIRE(driver.save("k1", touch));
    }
    CHECK(driver.keys_of("ann") == std::vector<std::string>{"k1"});
    CHECK(driver.erase_others_of("ann", "") == 1);
    CHECK(driver.fields("k1") == "not_found");
}

TEST_CASE_FIXTURE(redis_store_fixture, "a login that is under way during a logout everywhere doesn't survive it") {
    REQUIRE(driver.create("k1", first_session_change(1, {{"a", "1"}})));
    server.cli({"ZADD", "session:user:ann", "99999999999999", "k2"}); // the first step of the login as k2
    CHECK(driver.erase_others_of("ann", "") == 0);
    CHECK(driver.rename("k1", "k2", session_login(2, "ann")).error() == errc::not_found);
    CHECK(driver.fields("k2") == "not_found");
    CHECK(driver.keys_of("ann").empty());
}

TEST_CASE_FIXTURE(redis_store_fixture, "a key that isn't a session is an error, and isn't touched") {
    server.cli({"SET", "session:k1", "text"});
    CHECK(driver.load("k1").error() == errc::internal);
    CHECK(driver.save("k1", session_change(1)).has_error());
    CHECK(driver.create("k1", first_session_change(1)).error() == errc::already_exists);
    CHECK(server.cli({"GET", "session:k1"}) == "text");
    server.cli({"HSET", "session:k2", "created", "soon", "accessed", "1"});
    CHECK(driver.load("k2").has_error());
    server.cli({"HSET", "session:k3", "created", "1"});
    CHECK(driver.load("k3").error() == errc::internal);
    CHECK(store.stats().failed > 0);
}

TEST_CASE_FIXTURE(redis_store_fixture, "a full Redis refuses sessions and keeps the ones it has") {
    REQUIRE(driver.create("k1", first_session_change(1, {{"a", "1"}})));
    server.cli({"CONFIG", "SET", "maxmemory", "1"});
    CHECK(driver.create("k2", first_session_change(1, {{"a", "1"}})).error() == errc::unavailable);
    CHECK(driver.save("k1", session_change(2, {{"a", "2"}})).error() == errc::unavailable);
    CHECK(driver.fields("k1") == "a=1");
    CHECK(driver.erase("k1"));
    CHECK(driver.fields("k1") == "not_found");
}

TEST_CASE_FIXTURE(redis_store_fixture, "a frozen Redis fails a request after its time, and no other loop turn") {
    redis::client impatient({.url = server.url(), .timeout = 100ms});
    redis::session_store hasty(impatient);
    test_support::session_store_driver late(home, hasty);
    REQUIRE(late.create("k1", first_session_change(1, {{"a", "1"}})));
    server.freeze();
    const auto began = std::chrono::steady_clock::now();
    CHECK(late.load("k1").error() == errc::deadline_exceeded);
    CHECK(std::chrono::steady_clock::now() - began < 2s);
    CHECK(hasty.stats().failed == 1);
    server.thaw();
    CHECK(late.fields("k1") == "a=1");
}

TEST_CASE_FIXTURE(redis_store_fixture, "a Redis that is killed fails requests until it is back") {
    REQUIRE(driver.create("k1", first_session_change(1, {{"a", "1"}})));
    server.kill();
    CHECK(driver.load("k1").has_error());
    CHECK(driver.save("k1", session_change(2, {{"a", "2"}})).has_error());
    server.start();
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (driver.load("k1").error() != errc::not_found && std::chrono::steady_clock::now() < deadline) pass(10ms);
    CHECK(driver.load("k1").error() == errc::not_found); // without persistence it is empty
    CHECK(driver.save("k1", session_change(3, {{"a", "3"}})).error() == errc::not_found);
    CHECK(driver.create("k2", first_session_change(4, {{"a", "4"}})));
    CHECK(driver.fields("k2") == "a=4");
}

TEST_CASE_FIXTURE(redis_store_fixture, "sessions outlive a service, and another instance sees them") {
    std::string id;
    {
        redis::client first(server.url());
        redis::session_store kept(first);
        session_keeper keeper(kept);
        loop own;
        session s = own.block_on(keeper.open("")).value();
        s.login(principal{"ann", {"orders:read"}}).value();
        s.set("cart", std::vector<int>{1, 2}).value();
        id = own.block_on(keeper.commit(s))->id;
    }
    session_keeper other(store);
    session s = home.block_on(other.open(id)).value();
    CHECK(s.identity()->can("orders:read"));
    CHECK(s.get<std::vector<int>>("cart")->size() == 2);
    CHECK(driver.erase_others_of("ann", "") == 1);
    CHECK(home.block_on(other.open(id))->is_new());
}

TEST_CASE_FIXTURE(redis_store_fixture, "loops of several threads share a store") {
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([this, t] {
            loop own;
            test_support::session_store_driver mine(own, store);
            for (int i = 0; i < 50; ++i) {
                const std::string key = std::to_string(t) + '-' + std::to_string(i);
                CHECK(mine.create(key, first_session_change(i, {{"n", "1"}})));
                CHECK(mine.rename(key, key + "x", session_login(i, "u" + std::to_string(t))));
            }
        });
    }
    for (auto& one : threads) one.join();
    for (int t = 0; t < 3; ++t) CHECK(driver.keys_of("u" + std::to_string(t)).size() == 3);
    CHECK(store.stats().evicted == 3 * 47);
    CHECK_THROWS_AS(redis::session_store(db, {.max_per_user = 0}), std::invalid_argument);
}
