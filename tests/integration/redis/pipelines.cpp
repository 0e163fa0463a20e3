// SPDX-License-Identifier: MIT
#include "integration/redis/fixture.hpp"
#include <weir/redis/script.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace redis_test;

TEST_CASE_FIXTURE(redis_fixture, "a pipeline costs one write and has a result for each command") {
    CHECK(run(db.ping()));
    const auto before = db.stats();
    redis::pipeline both;
    both.add("INCR", "n").add("GET", "none").add("LPUSH", "n", 1).add("GET", "n");
    auto [count, none, wrong, text] =
        run(db.run<std::int64_t, std::optional<std::string>, std::int64_t, std::string>(both));
    CHECK(count.value() == 1);
    CHECK(none.value() == std::nullopt);
    CHECK(wrong.error().code() == "wrongtype");
    CHECK(text.value() == "1");
    CHECK(db.stats().writes - before.writes == 1);

    const auto replies = run(db.run(both)).value();
    CHECK(replies.size() == 4);
    CHECK(replies[0].integer() == 2);
    CHECK(replies[2].kind() == redis::reply_kind::error);
    CHECK(run(db.run(redis::pipeline())).value().empty());
    auto [missing] = run(db.run<int>(both));
    CHECK(missing.error() == errc::invalid_argument);
}

TEST_CASE_FIXTURE(redis_fixture, "a large pipeline goes through") {
    redis::pipeline many;
    const std::string value(1000, 'v');
    for (int i = 0; i < 5000; ++i) many.add("SET", i, value);
    CHECK(run(db.run(many)).value().size() == 5000);
    CHECK(run(db.command<int>("DBSIZE")).value() == 5000);
}

TEST_CASE_FIXTURE(redis_fixture, "a transaction runs as one") {
    redis::transaction move;
    move.add("DECRBY", "from", 5).add("INCRBY", "to", 5);
    const auto done = run(db.run(move)).value();
    CHECK(done.size() == 2);
    CHECK(done[0].integer() == -5);
    CHECK(done[1].integer() == 5);

    redis::transaction refused;
    refused.add("INCR", "from").add("NOSUCHCOMMAND");
    const auto aborted = run(db.run(refused)).error();
    CHECK(aborted.code() == "execabort");
    CHECK(aborted.cause().code() == "err");
    CHECK(run(db.get<int>("from")).value() == -5);

    redis::transaction partly;
    partly.add("LPUSH", "from", 1).add("INCR", "to");
    const auto mixed = run(db.run(partly)).value();
    CHECK(mixed[0].kind() == redis::reply_kind::error);
    CHECK(mixed[1].integer() == 6);
}

TEST_CASE_FIXTURE(redis_fixture, "a watched key that another client changes stops the transaction") {
    auto own = run(db.acquire()).value();
    for (const bool changed : {true, false}) {
        CHECK(run(own.command<void>("WATCH", "stock")));
        if (changed) CHECK(run(db.set("stock", 1)));
        redis::transaction take;
        take.add("DECR", "stock");
        const auto done = run(own.run(take));
        if (changed) {
            CHECK(done.error() == errc::conflict);
            CHECK(done.error().code() == "watched_key_changed");
        } else {
            CHECK(done.value()[0].integer() == 0);
        }
    }
}

TEST_CASE_FIXTURE(redis_fixture, "a connection comes back clean for the next user, or not at all") {
    const auto id_of = [&](redis::connection& one) { return run(one.command<int>("CLIENT", "ID")).value(); };
    int first = 0;
    {
        auto own = run(db.acquire()).value();
        CHECK(run(own.command<void>("PING")));
    }
    CHECK(db.stats().open == 1);
    {
        auto own = run(db.acquire()).value();
        first = id_of(own); // CLIENT may change the connection
    }
    for (const char* const verb : {"WATCH", "MULTI"}) {
        auto own = run(db.acquire()).value();
        const int second = run(own.command<redis::reply>("EVAL", "return 1", 0)) ? 0 : 1;
        CHECK(second == 0);
        if (std::string(verb) == "WATCH")
            CHECK(run(own.command<void>(verb, "k")));
        else
            CHECK(run(own.command<void>(verb)));
    }
    CHECK(db.stats().open == 0);
    CHECK(first > 0);
}

TEST_CASE_FIXTURE(redis_fixture, "dedicated connections are limited and don't come back after a loss") {
    auto options = options_for(server.url());
    options.max_dedicated = 2;
    redis::client few(options);
    auto first = run(few.acquire()).value();
    auto second = run(few.acquire()).value();
    CHECK(run(few.acquire()).error() == errc::resource_exhausted);
    CHECK(run(first.command<void>("PING")));
    CHECK(run(db.command<void>("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")));
    run_until([&] { return few.stats().dropped == 1; });
    CHECK(run(first.command<void>("PING")).error() == errc::unavailable);
    { const auto gone = std::move(first); }
    auto third = run(few.acquire()).value();
    CHECK(run(third.command<void>("PING")));
}

TEST_CASE_FIXTURE(redis_fixture, "a blocking command waits on its own connection beyond the timeout") {
    auto options = options_for(server.url());
    options.timeout = 300ms;
    options.stall_timeout = 300ms;
    redis::client db2(options);
    using element = std::optional<std::pair<std::string, std::string>>;
    pending_call<element> waits(home, db2.blocking<element>(20s, redis::command("BLPOP", "jobs", 20)));
    run_until([&] {
        return ask<std::string>("INFO", "clients").value().find("blocked_clients:1") != std::string::npos;
    });
    const auto until = home.clock().now() + 500ms;
    while (home.clock().now() < until) CHECK(run(db2.ping()));
    CHECK(run(db.command<int>("LPUSH", "jobs", "first")).value() == 1);
    run_until([&] { return waits.over(); });
    CHECK(waits.outcome().value() == element({"jobs", "first"}));
    CHECK(run(db2.blocking<element>(1s, redis::command("BLPOP", "jobs", 0.01))).value() == std::nullopt);
}

TEST_CASE_FIXTURE(redis_fixture, "a cancelled blocking command ends on the server and takes nothing") {
    using element = std::optional<std::pair<std::string, std::string>>;
    pending_call<element> waits(home, db.blocking<element>(1min, redis::command("BLPOP", "jobs", 60)));
    const auto blocked = [&] { return ask<std::string>("INFO", "clients").value().find("blocked_clients:1"); };
    run_until([&] { return blocked() != std::string::npos; });
    waits.cancel();
    run_until([&] { return waits.over(); });
    CHECK(waits.outcome().error() == errc::cancelled);
    run_until([&] { return blocked() == std::string::npos; });
    CHECK(run(db.command<int>("LPUSH", "jobs", "kept")).value() == 1);
    CHECK(run(db.command<int>("LLEN", "jobs")).value() == 1);
}

TEST_CASE_FIXTURE(redis_fixture, "a stream is read by a group with a blocking command") {
    CHECK(run(db.command<void>("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")));
    CHECK(run(db.command<void>("XGROUP", "CREATE", "s", "g", "$")).error() == errc::already_exists);
    using entry = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;
    using streams = std::optional<std::vector<std::pair<std::string, std::vector<entry>>>>;
    redis::command read("XREADGROUP", "GROUP", "g", "me", "BLOCK", 10000, "STREAMS", "s", ">");
    pending_call<streams> waits(home, db.blocking<streams>(10s, read));
    run_until([&] {
        return ask<std::string>("INFO", "clients").value().find("blocked_clients:1") != std::string::npos;
    });
    CHECK(run(db.command<std::string>("XADD", "s", "*", "kind", "paid", "order", 7)));
    run_until([&] { return waits.over(); });
    const auto got = waits.outcome().value();
    REQUIRE(got);
    CHECK(got->front().first == "s");
    CHECK(got->front().second.front().second.back() == std::pair<std::string, std::string>("order", "7"));
}

TEST_CASE_FIXTURE(redis_fixture, "a script is sent whole once, then by its hash") {
    const redis::script take("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    const std::string key = "stock";
    CHECK(run(take.run<int>(db, redis::keys(key), 5)).value() == 5);
    CHECK(run(take.run<int>(db, redis::keys(key), 5)).value() == 10);
    const auto stats = run(db.command<std::string>("INFO", "commandstats")).value();
    CHECK(stats.find("cmdstat_eval:calls=1,") != std::string::npos);
    CHECK(run(db.command<void>("SCRIPT", "FLUSH")));
    CHECK(run(take.run<int>(db, redis::keys(key), 1)).value() == 11);
    CHECK(take.sha1() == run(db.command<std::string>("SCRIPT", "LOAD", take.source())).value());
    CHECK(run(take.run<std::string>(db, redis::keys(key), "x")).error() == errc::unknown);
    const redis::script table("return {1, 'two', false}");
    using three = std::tuple<int, std::string, std::optional<int>>;
    CHECK(run(table.run<three>(db, redis::keys())).value() == three(1, "two", {}));
    redis::transaction changes;
    changes.add(take.call_of(redis::keys(key), 1));
    CHECK(run(db.run(changes)).value()[0].integer() == 12);
}
