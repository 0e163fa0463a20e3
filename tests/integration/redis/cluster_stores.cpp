// SPDX-License-Identifier: MIT
// labels: slow
#include "integration/redis/fixture.hpp"
#include <weir/redis/cache_store.hpp>
#include <weir/redis/stream_queue.hpp>

#include <set>

using namespace redis_test;

TEST_CASE("a cache's store and a queue work on a cluster") {
    test_support::redis_cluster servers;
    loop home;
    redis::client db(options_for(servers.url()));

    redis::cache_store store(db, home);
    std::set<std::string> erased;
    const auto feed = store.subscribe("", {.on_erase = [&](std::string_view key) { erased.emplace(key); }});
    redis_fixture::run_loop_until(home, [&] { return store.stats().connected; });
    for (const char* const key : {"a", "b", "c", "{d", "e}"}) { // on several nodes
        const auto lease = home.block_on(store.get(key))->lease;
        CHECK(home.block_on(store.set(key, "1", 10s, lease)).value());
        CHECK(home.block_on(store.get(key))->value == "1");
        CHECK(home.block_on(store.erase(key)).has_value());
        CHECK(!home.block_on(store.get(key))->value);
    }
    redis_fixture::run_loop_until(home, [&] { return erased.size() == 5; });

    redis::stream_queue queue(db);
    for (const std::string topic : {"one", "two", "three"}) {
        std::vector<std::string> got;
        auto keep = [&](delivery& of) -> task<result<void>> {
            got.push_back(of->body);
            if (of.attempt == 1) co_return errc::unavailable;
            co_return ok();
        };
        auto sub = queue.consume(home, {.topic = topic, .group = "g", .backoff = 1ms}, keep);
        REQUIRE(home.block_on(sub.established()));
        for (const char* const body : {"0", "1"})
            CHECK(home.block_on(queue.publish(message(topic, body).with_key("k"))));
        redis_fixture::run_loop_until(home, [&] { return got.size() == 4; });
        CHECK(got == std::vector<std::string>{"0", "0", "1", "1"});
        CHECK(home.block_on(sub.stop()));
    }
}
