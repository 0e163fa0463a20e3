// SPDX-License-Identifier: MIT
#include "integration/redis/fixture.hpp"
#include <weir/redis/scan.hpp>
#include <weir/redis/subscription.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace redis_test;
using redis::message;

namespace {

struct subscription_fixture : redis_fixture {
    std::unique_ptr<redis::subscription> subscribed(redis::subscription_options options) {
        auto made = std::make_unique<redis::subscription>(db, home, std::move(options));
        CHECK(run(made->ready()));
        return made;
    }
    int publish(std::string_view channel, std::string_view text) {
        return run(db.command<int>("PUBLISH", channel, text)).value();
    }
};

redis::subscription_options to_channel(std::string channel) {
    redis::subscription_options options;
    options.channels.push_back(std::move(channel));
    return options;
}

std::vector<std::string> all_elements(loop& home, redis::scan& keys) {
    std::vector<std::string> all;
    while (auto batch = home.block_on(keys.next()).value()) all.insert(all.end(), batch->begin(), batch->end());
    std::ranges::sort(all);
    return all;
}

} // namespace

TEST_CASE_FIXTURE(subscription_fixture, "a subscription receives what is published to its channels and patterns") {
    auto options = to_channel("news");
    options.channels.push_back("weather");
    options.patterns.push_back("user:*");
    const auto all = subscribed(options);
    CHECK(publish("news", "one") == 1);
    CHECK(publish("user:7", std::string_view("t\0wo", 4)) == 1);
    CHECK(publish("other", "x") == 0);
    const auto first = run(all->next()).value();
    CHECK(first.what == message::kind::published);
    CHECK(first.channel == "news");
    CHECK(first.payload == "one");
    const auto second = run(all->next()).value();
    CHECK(second.pattern == "user:*");
    CHECK(second.channel == "user:7");
    CHECK(second.payload == std::string_view("t\0wo", 4));
    CHECK(all->stats().received == 2);
    CHECK(all->stats().buffered == 0);
}

TEST_CASE_FIXTURE(subscription_fixture, "a subscription waits until its deadline or its cancellation") {
    const auto all = subscribed(to_channel("news"));
    CHECK(run(with_timeout(20ms, all->next())).error() == errc::deadline_exceeded);
    pending_call<message> waits(home, all->next());
    home.poll();
    waits.cancel();
    run_until([&] { return waits.over(); });
    CHECK(waits.outcome().error() == errc::cancelled);
    publish("news", "kept");
    CHECK(run(all->next()).value().payload == "kept");
}

TEST_CASE_FIXTURE(subscription_fixture, "after a loss it subscribes again and says that messages are missing") {
    const auto all = subscribed(to_channel("news"));
    publish("news", "before");
    CHECK(ask<int>("CLIENT", "KILL", "TYPE", "pubsub").value() == 1);
    CHECK(run(all->next()).value().payload == "before");
    CHECK(run(all->next()).value().what == message::kind::lost);
    CHECK(run(all->next()).value().what == message::kind::resumed);
    CHECK(publish("news", "after") == 1);
    CHECK(run(all->next()).value().payload == "after");
    server.kill();
    CHECK(run(all->next()).value().what == message::kind::lost);
    server.start();
    CHECK(run(all->next()).value().what == message::kind::resumed);
    CHECK(all->stats().losses == 2);
}

TEST_CASE_FIXTURE(subscription_fixture, "a frozen server is noticed without any message") {
    auto options = options_for(server.url());
    options.stall_timeout = 100ms;
    redis::client watchful(options);
    redis::subscription news(watchful, home, to_channel("news"));
    CHECK(run(news.ready()));
    CHECK(run(with_timeout(300ms, news.next())).error() == errc::deadline_exceeded); // PING keeps it
    server.freeze();
    CHECK(run(news.next()).value().what == message::kind::lost);
    server.thaw();
    CHECK(run(news.next()).value().what == message::kind::resumed);
}

TEST_CASE_FIXTURE(subscription_fixture, "a full buffer drops the oldest messages and says how many") {
    auto options = to_channel("news");
    options.max_messages = 3;
    const auto few = subscribed(options);
    for (int i = 0; i < 10; ++i) publish("news", std::to_string(i));
    run_until([&] { return few->stats().received == 10; });
    const auto overflow = run(few->next()).value();
    CHECK(overflow.what == message::kind::overflow);
    CHECK(overflow.missed == 7);
    for (const char* const expected : {"7", "8", "9"}) CHECK(run(few->next()).value().payload == expected);
    CHECK(few->stats().dropped == 7);

    options.max_messages = 100;
    options.max_bytes = 100;
    const auto small = subscribed(options);
    const std::string large(80, 'x');
    for (int i = 0; i < 3; ++i) publish("news", large);
    run_until([&] { return small->stats().received == 3; });
    CHECK(small->stats().buffered == 1);
}

TEST_CASE_FIXTURE(subscription_fixture, "a subscription may end before its client, and the client before it") {
    auto all = subscribed(to_channel("news"));
    all.reset();
    run_until([&] { return publish("news", "x") == 0; });
    auto own = std::make_unique<redis::client>(options_for(server.url()));
    redis::subscription news(*own, home, to_channel("news"));
    CHECK(run(news.ready()));
    pending_call<message> waits(home, news.next());
    home.poll();
    own.reset();
    run_until([&] { return waits.over(); });
    CHECK(waits.outcome().error() == errc::unavailable);
}

TEST_CASE_FIXTURE(subscription_fixture, "a subscription without a channel or with a zero limit is refused") {
    const auto refused = [&](redis::subscription_options options) {
        CHECK_THROWS_AS(redis::subscription(db, home, std::move(options)), error_exception);
    };
    refused({});
    auto options = to_channel("news");
    options.max_messages = 0;
    refused(options);
    options.max_messages = 1;
    options.max_bytes = 0;
    refused(options);
}

TEST_CASE_FIXTURE(redis_fixture, "a scan visits every key, batch by batch") {
    redis::pipeline fill;
    std::vector<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string key = "key:" + std::to_string(i);
        fill.add("SET", key, i);
        expected.push_back(key);
    }
    fill.add("SET", "other", 1).add("HSET", "key:hash", "f", 1);
    CHECK(run(db.run(fill)));
    std::ranges::sort(expected);
    redis::scan_options options;
    options.match = "key:*";
    options.only_type = "string";
    redis::scan keys(db, options);
    auto all = all_elements(home, keys);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    CHECK(all == expected);
    CHECK_FALSE(run(keys.next()).value());
}

TEST_CASE_FIXTURE(redis_fixture, "the elements of hashes and sorted sets are scanned as pairs") {
    CHECK(ask<void>("HSET", "h", "a", 1, "b", 2));
    redis::hash_scan fields(db, "h");
    using fields_batch = std::vector<std::pair<std::string, std::string>>;
    CHECK(run(fields.next()).value() == fields_batch{{"a", "1"}, {"b", "2"}});
    CHECK_FALSE(run(fields.next()).value());
    CHECK(ask<void>("ZADD", "z", 1.5, "a"));
    redis::sorted_set_scan scores(db, "z");
    using scores_batch = std::vector<std::pair<std::string, double>>;
    CHECK(run(scores.next()).value() == scores_batch{{"a", 1.5}});
    CHECK(ask<void>("SADD", "s", "a"));
    redis::set_scan members(db, "s");
    CHECK(run(members.next()).value() == std::vector<std::string>{"a"});
    redis::set_scan wrong(db, "z");
    CHECK(run(wrong.next()).error().code() == "wrongtype");
}
