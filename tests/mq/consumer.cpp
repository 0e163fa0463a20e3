// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/deadline.hpp>
#include <weir/mq/memory_queue.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <set>
#include <string>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct consumer_fixture {
    manual_clock time{};
    loop home{time};
    memory_queue queue{{.clock = &time}};
    subscription sub{};
    consume_options options{.topic = "t", .group = "g"};

    result<void> publish(std::string body) { return home.block_on(queue.publish(message("t", std::move(body)))); }
    void pass(duration by) {
        time.advance(by);
        home.poll();
    }
};

} // namespace

TEST_CASE("a handler may publish to its own topic, and destroy its subscription") {
    consumer_fixture f;
    std::vector<std::string> handled;
    const auto handler = [&](delivery& of) -> task<result<void>> {
        handled.push_back(of->body);
        if (of->body == "a") co_return co_await f.queue.publish(message("t", "b"));
        f.sub = {};
        co_return ok();
    };
    f.sub = f.queue.consume(f.home, f.options, handler);
    REQUIRE(f.publish("a"));
    f.home.poll();
    CHECK((handled == std::vector<std::string>{"a", "b"}));
    CHECK(f.queue.stats().done == 2);
    CHECK(f.home.background() == 0);
}

TEST_CASE("a handler that stops its own subscription is cancelled after the drain") {
    consumer_fixture f;
    std::optional<error> stopped;
    const auto handler = [&](delivery&) -> task<result<void>> {
        const auto ended = co_await f.sub.stop();
        stopped = ended.error();
        co_return ended;
    };
    f.sub = f.queue.consume(f.home, f.options, handler);
    REQUIRE(f.publish("a"));
    f.home.poll();
    CHECK(!stopped);
    f.pass(10s);
    REQUIRE(stopped);
    CHECK(*stopped == errc::cancelled);
    CHECK(f.queue.stats().returned == 1);
    CHECK(f.queue.stats().groups[0].depth == 1);
}

TEST_CASE("a subscription destroyed before the first turn begins no handler") {
    consumer_fixture f;
    REQUIRE(f.home.block_on(f.queue.declare("t", "g")));
    REQUIRE(f.publish("a"));
    f.sub = f.queue.consume(f.home, f.options, [](delivery&) -> task<result<void>> { co_return ok(); });
    f.sub = {};
    f.home.poll();
    CHECK(f.queue.stats().delivered == 0);
    CHECK(f.queue.stats().groups[0].depth == 1);
    CHECK(f.home.background() == 0);
}

TEST_CASE("a loop that ends returns the messages of its handlers") {
    manual_clock time;
    memory_queue queue({.clock = &time});
    subscription sub;
    std::size_t begun = 0;
    {
        loop short_lived(time);
        sub = queue.consume(short_lived, {.topic = "t", .group = "g"}, [&](delivery&) -> task<result<void>> {
            ++begun;
            channel<int> never;
            (void)co_await never.receive();
            co_return ok();
        });
        for (int i = 0; i < 3; ++i)
            REQUIRE(short_lived.block_on(queue.publish(message("t", "x").with_key("k" + std::to_string(i % 2)))));
        short_lived.poll();
        CHECK(begun == 2);
        CHECK(queue.stats().running == 2);
    }
    CHECK(queue.stats().running == 0);
    loop home(time);
    std::size_t handled = 0;
    const auto again = queue.consume(home, {.topic = "t", .group = "g"}, [&](delivery& of) -> task<result<void>> {
        ++handled;
        CHECK(of.attempt == 1);
        co_return ok();
    });
    home.poll();
    CHECK(handled == 3);
}

TEST_CASE("a stop leaves handlers most of the context's time, and tells them before it ends") {
    consumer_fixture f;
    f.options.drain = 1h;
    f.options.time_limit = duration::max();
    std::optional<time_point> cancelled;
    f.sub = f.queue.consume(f.home, f.options, [&](delivery&) -> task<result<void>> {
        channel<int> never;
        const auto got = co_await never.receive();
        cancelled = f.time.now();
        co_return got.error();
    });
    REQUIRE(f.publish("a"));
    f.home.poll();
    const time_point begun = f.time.now();
    std::optional<result<void>> stopped;
    const auto stop = [&]() -> task<void> {
        auto work = f.sub.stop();
        stopped = co_await with_timeout(10s, std::move(work));
    };
    f.home.spawn(stop());
    f.home.poll();
    for (int i = 0; i < 20; ++i) f.pass(500ms);
    REQUIRE(cancelled);
    CHECK(*cancelled - begun == 9s);
    REQUIRE(stopped);
    CHECK(stopped->error() == errc::deadline_exceeded);
}

TEST_CASE("without memory a message is published to all groups or to none") {
    consumer_fixture f;
    REQUIRE(f.home.block_on(f.queue.declare("t", "a")));
    REQUIRE(f.home.block_on(f.queue.declare("t", "b")));
    bool done = false;
    std::size_t published = 0;
    for (std::size_t many = 0; !done && many < 200; ++many) {
        auto work = [&]() -> task<bool> {
            auto sent = f.queue.publish(message("t", std::string(100, 'x')).with_key(std::string(50, 'k')));
            bool succeeded = false;
            support::allocations_left = many;
            try {
                succeeded = (co_await std::move(sent)).has_value();
            } catch (const std::bad_alloc&) {
                succeeded = false;
            }
            support::allocations_left = std::numeric_limits<std::size_t>::max();
            co_return succeeded;
        };
        done = f.home.block_on(work());
        published += done ? 1 : 0;
        const auto groups = f.queue.stats().groups;
        CHECK(groups[0].depth == published);
        CHECK(groups[1].depth == published);
    }
    CHECK(done);
    CHECK(f.queue.stats().waiting == 0);
}
