// SPDX-License-Identifier: MIT
#include "support/redis_server.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>
#include <weir/redis/client.hpp>
#include <weir/redis/lock.hpp>
#include <weir/redis/rate_limiter.hpp>
#include <weir/redis/scan.hpp>
#include <weir/redis/script.hpp>
#include <weir/redis/subscription.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

struct visitor {
    std::string name{};
    std::int64_t visits = 0;
    std::optional<std::string> city{};
};
BOOST_DESCRIBE_STRUCT(visitor, (), (name, visits, city))

namespace {

namespace redis = weir::redis;

weir::task<weir::result<std::int64_t>> welcome(redis::client& db, std::string id) {
    const std::string key = "visitor:" + id;
    auto known = co_await db.hgetall<visitor>(key); // a result of an optional
    if (!known) co_return known.error();
    if (!*known) {
        visitor fresh{.name = id};
        auto added = co_await db.hset(key, fresh);
        if (!added) co_return added.error();
    }
    co_return co_await db.command<std::int64_t>("HINCRBY", key, "visits", 1);
}

weir::task<weir::result<void>> transfer(redis::client& db, std::string from, std::string to, std::int64_t cents) {
    auto own = co_await db.acquire(from);
    if (!own) co_return own.error();
    auto watched = co_await own->command<void>("WATCH", from);
    if (!watched) co_return watched.error();
    auto balance = co_await own->command<std::optional<std::int64_t>>("GET", from);
    if (!balance) co_return balance.error();
    if (balance->value_or(0) < cents) co_return weir::error(weir::errc::conflict, "the balance is too low");
    redis::transaction changes;
    changes.add("DECRBY", from, cents).add("INCRBY", to, cents);
    auto done = co_await own->run(changes); // errc::conflict if the balance has changed
    if (!done) co_return done.error();
    co_return weir::ok();
}

weir::task<weir::result<std::int64_t>> take_stock(redis::client& db, std::string item, int count) {
    static const redis::script take(R"(
        local left = tonumber(redis.call('GET', KEYS[1]) or '0')
        if left < tonumber(ARGV[1]) then return -1 end
        return redis.call('DECRBY', KEYS[1], ARGV[1])
    )");
    co_return co_await take.run<std::int64_t>(db, redis::keys(item), count);
}

weir::task<weir::result<std::vector<std::string>>> visitors(redis::client& db) {
    redis::scan_options options;
    options.match = "visitor:*";
    redis::scan keys(db, options);
    std::vector<std::string> all;
    while (true) {
        auto batch = co_await keys.next();
        if (!batch) co_return batch.error();
        if (!*batch) co_return all;
        all.insert(all.end(), (*batch)->begin(), (*batch)->end());
    }
}

weir::task<weir::result<std::string>> next_job(redis::client& db) {
    redis::command pop("BLPOP", "jobs", 5);
    auto job = co_await db.blocking<std::optional<std::pair<std::string, std::string>>>(5s, pop);
    if (!job) co_return job.error();
    if (!*job) co_return weir::errc::not_found;
    co_return (*job)->second;
}

weir::task<weir::result<std::string>> first_news(redis::subscription& news) {
    while (true) {
        auto next = co_await news.next();
        if (!next) co_return next.error();
        if (next->what == redis::message::kind::published) co_return next->payload;
        // lost, resumed, overflow: messages are missing, so a cache that listens clears itself here
    }
}

weir::task<weir::result<std::string>> send_code(redis::rate_limiter& codes, std::string number) {
    co_return co_await codes.run(number, [&] { return "sent to " + number; }); // or a 429 with Retry-After
}

weir::task<weir::result<std::string>> write_report(redis::client& db, redis::lock& locks) {
    auto work = [&](redis::held_lock& held) -> weir::task<weir::result<std::string>> {
        auto seen = co_await db.get<std::uint64_t>("report:fence"); // the resource refuses a lower number
        if (!seen) co_return seen.error();
        if (seen->value_or(0) > held.fencing_token()) co_return weir::errc::conflict;
        auto noted = co_await db.set("report:fence", held.fencing_token());
        if (!noted) co_return noted.error();
        co_return "written";
    };
    co_return co_await locks.with_lock("report", work);
}

} // namespace

TEST_CASE("the guide's chapter on Redis works as it says") {
    test_support::redis_server server;
    weir::loop home;
    redis::client db(server.url());
    CHECK(home.block_on(welcome(db, "ann")).value() == 1);
    CHECK(home.block_on(welcome(db, "ann")).value() == 2);
    CHECK(home.block_on(db.set("from", 100)));
    CHECK(home.block_on(transfer(db, "from", "to", 70)));
    CHECK_FALSE(home.block_on(transfer(db, "from", "to", 70)));
    CHECK(home.block_on(db.set("tea", 5)));
    CHECK(home.block_on(take_stock(db, "tea", 3)).value() == 2);
    CHECK(home.block_on(take_stock(db, "tea", 3)).value() == -1);
    CHECK(home.block_on(visitors(db)).value() == std::vector<std::string>{"visitor:ann"});
    CHECK(home.block_on(db.command<int>("LPUSH", "jobs", "mail")).value() == 1);
    CHECK(home.block_on(next_job(db)).value() == "mail");
    redis::subscription news(db, home, {.channels = {"news"}});
    CHECK(home.block_on(news.ready()));
    CHECK(home.block_on(db.command<int>("PUBLISH", "news", "sale")).value() == 1);
    CHECK(home.block_on(first_news(news)).value() == "sale");
    redis::rate_limiter codes(db, {.rate = 3, .per = 1h, .burst = 1, .prefix = "codes:", .timeout = 10s});
    CHECK(home.block_on(send_code(codes, "138")).value() == "sent to 138");
    CHECK(home.block_on(send_code(codes, "138")).error() == weir::errc::resource_exhausted);
    redis::lock locks(db);
    CHECK(home.block_on(write_report(db, locks)).value() == "written");
    CHECK(home.block_on(write_report(db, locks)).value() == "written");
}
