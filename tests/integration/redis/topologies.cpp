// SPDX-License-Identifier: MIT
#include "integration/redis/fixture.hpp"
#include "redis/wire/routing.hpp"
#include <weir/redis/scan.hpp>
#include <weir/redis/script.hpp>
#include <weir/redis/subscription.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace redis_test;
using redis::detail::slot_of;
using test_support::redis_cluster;
using test_support::sentinel_set;

namespace {

std::string key_of_slot(int slot) {
    for (int i = 0;; ++i)
        if (const std::string key = "k" + std::to_string(i); slot_of(key) == slot) return key;
}

} // namespace

TEST_CASE("Sentinel's master is found, and its successor within three seconds of the failover") {
    sentinel_set group;
    loop home;
    auto options = options_for(group.url());
    options.timeout = 500ms;
    options.connect_wait = 300ms;
    options.connect_timeout = 500ms;
    options.stall_timeout = 500ms;
    std::vector<redis::client_event> events;
    options.on_event = [&](const redis::client_event& one) { events.push_back(one); };
    redis::client db(options);
    CHECK(home.block_on(db.set("k", 1)));
    CHECK(home.block_on(db.command<int>("WAIT", 1, 5000)).value() == 1);
    redis::subscription_options to_news;
    to_news.channels.push_back("news");
    redis::subscription news(db, home, to_news);
    CHECK(home.block_on(news.ready()));

    group.master.kill();
    std::optional<time_point> promoted;
    const auto give_up_at = home.clock().now() + 30s;
    while (!home.block_on(db.set("k", 2))) {
        REQUIRE(home.clock().now() < give_up_at);
        if (!promoted && group.replica.cli({"ROLE"}).starts_with("master")) promoted = home.clock().now();
    }
    if (promoted) CHECK(home.clock().now() - *promoted < 3s);
    CHECK(group.replica.cli({"GET", "k"}) == "2");
    CHECK(db.stats().failovers >= 1);
    const auto is_failover = [](const auto& one) { return one.what == redis::client_event::kind::failover; };
    CHECK(std::ranges::any_of(events, is_failover));
    while (!news.stats().subscribed) home.run_one();
    CHECK(home.block_on(news.next()).value().what == redis::message::kind::lost);
}

TEST_CASE("a replica that a sentinel still takes for the master is left, and the command runs on the new one") {
    sentinel_set group;
    loop home;
    redis::client db(options_for(group.url()));
    CHECK(home.block_on(db.set("k", 1)));
    group.sentinels.front()->cli({"SENTINEL", "FAILOVER", "main"});
    const auto give_up_at = home.clock().now() + 30s;
    // A server that changes its role closes its connections.
    const auto promoted = [&] {
        try {
            return group.replica.cli({"ROLE"}).starts_with("master");
        } catch (const std::exception&) {
            return false;
        }
    };
    while (!promoted()) REQUIRE(home.clock().now() < give_up_at);
    while (home.clock().now() < give_up_at) {
        const auto done = home.block_on(db.set("k", 2));
        if (done && group.replica.cli({"GET", "k"}) == "2") break;
    }
    CHECK(group.replica.cli({"GET", "k"}) == "2");
}

TEST_CASE("a wrong name of the master is an error that says so") {
    redis_server master;
    test_support::redis_sentinel sentinel(master, 1);
    loop home;
    auto options = options_for("redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/other");
    options.connect_wait = 500ms;
    redis::client db(options);
    const auto failed = home.block_on(db.ping()).error();
    CHECK(failed == errc::unavailable);
    CHECK(failed.cause().message() == "no sentinel knows the master other");
}

TEST_CASE("a cluster's keys are found on their nodes, and followed when they move") {
    redis_cluster nodes;
    loop home;
    redis::client db(options_for(nodes.url()));
    const auto run = [&](auto what) { return home.block_on(std::move(what)); };
    for (int i = 0; i < 100; ++i) CHECK(run(db.set("key:" + std::to_string(i), i)));
    for (int i = 0; i < 100; ++i) CHECK(run(db.get<int>("key:" + std::to_string(i))).value() == i);
    const auto settled = db.stats().redirects;
    CHECK(settled <= 5); // before the map was read

    SUBCASE("a pipeline is split by node, and its results are in order") {
        redis::pipeline all;
        for (int i = 0; i < 100; ++i) all.add("GET", "key:" + std::to_string(i));
        const auto replies = run(db.run(all)).value();
        for (std::size_t i = 0; i < 100; ++i) CHECK(replies[i].text() == std::to_string(i));
        CHECK(db.stats().connected >= 3);
    }
    SUBCASE("keys of several slots in one command are refused, with a hash tag they aren't") {
        const auto refused = run(db.command("MGET", "key:1", "key:2")).error();
        CHECK(refused == errc::invalid_argument);
        CHECK(refused.message().find("{user:7}") != std::string_view::npos);
        CHECK(run(db.command<void>("MSET", "{t}a", 1, "{t}b", 2)));
        CHECK(run(db.command<std::vector<int>>("MGET", "{t}a", "{t}b")).value() == std::vector{1, 2});
        redis::transaction both;
        both.add("INCR", "{t}a").add("INCR", "{t}b");
        CHECK(run(db.run(both)).value().size() == 2);
        const redis::script sum("return redis.call('GET', KEYS[1]) + redis.call('GET', KEYS[2])");
        CHECK(run(sum.run<int>(db, redis::keys("{t}a", "{t}b"))).value() == 5);
    }
    SUBCASE("a slot that has moved is followed") {
        const int slot = slot_of("key:7");
        const std::size_t from = nodes.node_of(slot);
        nodes.move(slot, from, (from + 1) % 3);
        CHECK(run(db.get<int>("key:7")).value() == 7);
        CHECK(db.stats().redirects == settled + 1);
        CHECK(run(db.get<int>("key:7")).value() == 7);
        CHECK(db.stats().redirects == settled + 1);
    }
    SUBCASE("a slot that is moving is asked for at both nodes") {
        const int slot = 5;
        const std::size_t from = nodes.node_of(slot);
        const std::size_t to = (from + 1) % 3;
        const std::string key = key_of_slot(slot);
        const std::string other = "{" + key + "}other";
        const std::string source = nodes[from].cli({"CLUSTER", "MYID"});
        const std::string target = nodes[to].cli({"CLUSTER", "MYID"});
        nodes[to].cli({"CLUSTER", "SETSLOT", "5", "IMPORTING", source});
        nodes[from].cli({"CLUSTER", "SETSLOT", "5", "MIGRATING", target});
        CHECK(run(db.set(key, 1))); // not there any more, so ASK
        CHECK(db.stats().redirects == settled + 1);
        CHECK(run(db.get<int>(key)).value() == 1);
        CHECK(db.stats().redirects == settled + 2);
    }
    SUBCASE("a scan visits the keys of all nodes") {
        redis::scan_options options;
        options.match = "key:*";
        redis::scan keys(db, options);
        std::vector<std::string> found;
        while (auto batch = run(keys.next()).value()) found.insert(found.end(), batch->begin(), batch->end());
        std::ranges::sort(found);
        found.erase(std::unique(found.begin(), found.end()), found.end());
        CHECK(found.size() == 100);
    }
    SUBCASE("dedicated connections and subscriptions go to the right node") {
        redis::client fresh(options_for(nodes.url()));
        using element = std::optional<std::pair<std::string, std::string>>;
        CHECK(run(db.command<int>("LPUSH", "list", "x")).value() == 1);
        CHECK(run(fresh.blocking<element>(1s, redis::command("BLPOP", "list", 1))).value() == element({"list", "x"}));
        auto own = run(fresh.acquire("key:1")).value();
        CHECK(run(own.command<void>("WATCH", "key:1")));
        redis::subscription_options to_news;
        to_news.channels.push_back("news");
        redis::subscription news(fresh, home, to_news);
        CHECK(run(news.ready()));
        CHECK(run(db.command<int>("PUBLISH", "news", "hello")));
        CHECK(run(news.next()).value().payload == "hello");
    }
    SUBCASE("a frozen node costs its callers their timeout, until it goes on") {
        auto options = options_for(nodes.url());
        options.timeout = 500ms;
        options.stall_timeout = 300ms;
        options.connect_wait = 200ms;
        redis::client hurried(options);
        CHECK(run(hurried.get<int>("key:1")).value() == 1);
        const std::size_t frozen = nodes.node_of(slot_of("key:1"));
        nodes[frozen].freeze();
        const auto begun = home.clock().now();
        const auto failed = run(hurried.get<int>("key:1"));
        CHECK(home.clock().now() - begun < 2s);
        CHECK_FALSE(failed);
        nodes[frozen].thaw();
        const auto give_up_at = home.clock().now() + 30s;
        while (!run(hurried.get<int>("key:1"))) REQUIRE(home.clock().now() < give_up_at);
        for (int i = 0; i < 100; ++i) CHECK(run(db.get<int>("key:" + std::to_string(i))).has_value());
    }
}
