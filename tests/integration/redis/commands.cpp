// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/redis/fixture.hpp"
#include <weir/redis/client_metrics.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace redis_test;

namespace {

struct account {
    std::string owner{};
    std::int64_t cents = 0;
    std::optional<std::string> note{};
};
BOOST_DESCRIBE_STRUCT(account, (), (owner, cents, note))

} // namespace

TEST_CASE_FIXTURE(redis_fixture, "values come back as they were sent, whatever their bytes") {
    const std::string bytes("a\0b\r\n$5\r\n\xff", 9);
    CHECK(ask<bool>("SET", "k", bytes).value());
    CHECK(ask<std::string>("GET", "k").value() == bytes);
    const std::string large(5 << 20, 'x');
    CHECK(ask<void>("SET", "large", large));
    CHECK(ask<std::string>("GET", "large").value() == large);
    CHECK(ask<std::optional<std::string>>("GET", "none").value() == std::nullopt);
    CHECK(ask<std::string>("GET", "none").error() == errc::not_found);
}

TEST_CASE_FIXTURE(redis_fixture, "replies become numbers, containers and described structs") {
    CHECK(ask<std::int64_t>("INCRBY", "n", 41).value() == 41);
    CHECK(ask<double>("INCRBYFLOAT", "f", 2.5).value() == 2.5);
    const std::vector<std::string> items{"a", "b", "c"};
    CHECK(ask<int>("RPUSH", "list", items).value() == 3);
    CHECK(ask<std::vector<std::string>>("LRANGE", "list", 0, -1).value() == items);
    account mine{"Ann", 7, {}};
    CHECK(run(db.hset("account", mine)).value() == 2);
    const auto found = run(db.hgetall<account>("account")).value();
    REQUIRE(found);
    CHECK(found->owner == "Ann");
    CHECK(found->cents == 7);
    CHECK_FALSE(found->note);
    CHECK_FALSE(run(db.hgetall<account>("no account")).value());
    CHECK(ask<account>("HGETALL", "no account").error() == errc::not_found);
    const auto map = ask<std::map<std::string, std::string>>("HGETALL", "account").value();
    CHECK(map == std::map<std::string, std::string>{{"owner", "Ann"}, {"cents", "7"}});
    CHECK(ask("COMMAND", "INFO", "get").value().size() == 1);
}

TEST_CASE_FIXTURE(redis_fixture, "the everyday commands say what they did") {
    CHECK(run(db.ping()));
    CHECK(run(db.set("k", 5)));
    CHECK(run(db.get<int>("k")).value() == 5);
    CHECK_FALSE(run(db.set_if_missing("k", 6)).value());
    CHECK(run(db.set_if_there("k", 7, 1h)).value());
    CHECK(ask<std::int64_t>("PTTL", "k").value() > 3'000'000);
    CHECK(run(db.set("k", 7, 1us)));
    CHECK(run(db.set_if_missing("other", "x", 1h)).value());
    CHECK_FALSE(run(db.set_if_there("third", "x")).value());
    CHECK(run(db.expire("other", 1min)).value());
    CHECK(ask<std::int64_t>("PTTL", "other").value() <= 60'000);
    CHECK(run(db.incr("count")).value() == 1);
    CHECK(run(db.incr("count", 9)).value() == 10);
    CHECK(run(db.del("count")).value());
    CHECK_FALSE(run(db.del("count")).value());
    CHECK_FALSE(run(db.expire("count", 1s)).value());
}

TEST_CASE_FIXTURE(redis_fixture, "an error reply is an error with its code, and the connection stays") {
    CHECK(ask<void>("LPUSH", "list", 1));
    const auto wrong = ask<std::int64_t>("INCR", "list").error();
    CHECK(wrong == errc::internal);
    CHECK(wrong.code() == "wrongtype");
    CHECK(ask<void>("NOSUCH").error().code() == "err");
    CHECK(run(db.ping()));
    const auto stats = db.stats();
    CHECK(stats.errors == 2);
    CHECK(stats.connected == 1);
    CHECK(stats.in_flight == 0);
    CHECK(stats.waiting == 0);
    CHECK(stats.open == 1);
}

TEST_CASE_FIXTURE(redis_fixture, "commands of one turn share a connection and leave in one write") {
    CHECK(run(db.ping()));
    const auto before = db.stats();
    int done = 0;
    const auto count = [&](int i) -> task<void> {
        CHECK(co_await db.set(std::to_string(i), i));
        const auto back = co_await db.get<int>(std::to_string(i));
        CHECK(back.value() == i);
        ++done;
    };
    for (int i = 0; i < 64; ++i) home.spawn(count(i));
    run_until([&] { return done == 64; });
    const auto after = db.stats();
    CHECK(after.commands - before.commands == 128);
    CHECK(after.writes - before.writes <= 4);
    CHECK(after.connected == 1);
}

TEST_CASE("user, password, database and name are set on every connection") {
    redis_server server({"requirepass secret", "user ann on >pw ~* &* +@all"});
    loop home;
    redis::client options(options_for("redis://:secret@127.0.0.1:" + std::to_string(server.port()) + "/3"));
    CHECK(home.block_on(options.set("k", 1)));
    const auto info = home.block_on(options.command<std::string>("CLIENT", "INFO")).value();
    CHECK(info.find(" db=3 ") != std::string::npos);
    CHECK(info.find(" name=weir ") != std::string::npos);
    redis::client ann(options_for("redis://ann:pw@127.0.0.1:" + std::to_string(server.port())));
    CHECK(home.block_on(ann.command<std::string>("ACL", "WHOAMI")).value() == "ann");
}

TEST_CASE("a wrong password is a clear error at once") {
    redis_server server({"requirepass secret"});
    loop home;
    for (const std::string user : {":wrong@", ""}) {
        redis::client db(options_for("redis://" + user + "127.0.0.1:" + std::to_string(server.port())));
        const auto refused = home.block_on(db.ping()).error();
        CHECK(refused == errc::internal);
        CHECK(refused.message() == "redis refused access: check the user and the password of its URL");
    }
}

TEST_CASE_FIXTURE(redis_fixture, "a client serves several loops, each with its own connection") {
    CHECK(run(db.ping()));
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([this] {
            loop mine;
            for (int n = 0; n < 100; ++n) CHECK(mine.block_on(db.incr("n")).has_value());
        });
    for (auto& one : threads) one.join();
    CHECK(run(db.get<int>("n")).value() == 200);
    CHECK(db.stats().connected == 3);
    CHECK(db.stats().commands == 202);
    CHECK(db.stats().open == 1);
}

TEST_CASE_FIXTURE(redis_fixture, "with several connections a command takes the least loaded one") {
    auto options = options_for(server.url());
    options.connections = 3;
    redis::client many(options);
    std::vector<std::unique_ptr<pending_call<void>>> calls;
    for (int i = 0; i < 30; ++i) calls.push_back(std::make_unique<pending_call<void>>(home, many.ping()));
    run_until([&] { return std::ranges::all_of(calls, [](const auto& one) { return one->over(); }); });
    for (auto& one : calls) CHECK(one->outcome());
    CHECK(many.stats().connected == 3);
}

TEST_CASE_FIXTURE(redis_fixture, "the metrics show what a client does") {
    metrics all;
    auto options = options_for(server.url());
    options.latency = &all.histogram("redis_command_duration_seconds", "Time of a Redis command");
    redis::client watched(options);
    measure(all, watched, "cache");
    CHECK(run(watched.ping()));
    CHECK_FALSE(run(watched.command("NOSUCH")));
    const std::string text = all.text();
    CHECK(text.find("redis_commands_total{name=\"cache\"} 2") != std::string::npos);
    CHECK(text.find("redis_errors_total{name=\"cache\",reason=\"server\"} 1") != std::string::npos);
    CHECK(text.find("redis_connections{name=\"cache\"} 1") != std::string::npos);
    CHECK(text.find("redis_command_duration_seconds_count 2") != std::string::npos);
}
