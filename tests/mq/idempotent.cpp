// SPDX-License-Identifier: MIT
#include <weir/mq/idempotent.hpp>
#include <weir/mq/memory_queue.hpp>
#include <weir/mq/queue_metrics.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct idempotent_fixture {
    manual_clock time{};
    loop home{time};
    memory_queue queue{{.clock = &time}};
    memory_seen_ids ids{{.max_ids = 2, .keep = 1min, .clock = &time}};

    result<void> publish(std::string id) {
        return home.block_on(queue.publish(message("t", "x").with_id(std::move(id))));
    }
    bool begin(std::string_view id) { return home.block_on(ids.begin(id)).value(); }
    void finish(std::string_view id) { REQUIRE(home.block_on(ids.finish(id))); }
};

} // namespace

TEST_CASE("a message whose id was handled succeeds without a call") {
    idempotent_fixture f;
    std::size_t calls = 0;
    const auto sub = f.queue.consume(
        f.home, {.topic = "t", .group = "g", .backoff = 0s}, idempotent(f.ids, [&](delivery&) -> task<result<void>> {
            if (++calls == 1) co_return errc::unavailable;
            if (calls == 2) throw std::runtime_error("broken");
            co_return ok();
        }));
    for (int i = 0; i < 3; ++i) REQUIRE(f.publish("a"));
    for (int i = 0; i < 10; ++i) f.home.poll();
    CHECK(calls >= 3);
    CHECK(f.queue.stats().done == 3);
    const std::size_t before = calls;
    REQUIRE(f.publish("a"));
    f.home.poll();
    CHECK(calls == before);
    CHECK(f.queue.stats().done == 4);
    CHECK(f.ids.stats().in_progress == 0);
    CHECK(f.ids.stats().repeated >= 1);
}

TEST_CASE("an id in progress is refused until it is finished or abandoned") {
    idempotent_fixture f;
    CHECK(f.begin("a"));
    const auto taken = f.home.block_on(f.ids.begin("a"));
    CHECK(taken.error() == errc::unavailable);
    CHECK(taken.error().code() == "in_progress");
    f.ids.abandon("a");
    CHECK(f.begin("a"));
    f.finish("a");
    CHECK(!f.begin("a"));
    f.ids.abandon("a"); // it is handled, so nothing changes
    CHECK(!f.begin("a"));
}

TEST_CASE("handled ids are forgotten after their time, and for lack of room") {
    idempotent_fixture f;
    for (const char* const id : {"a", "b", "c"}) {
        CHECK(f.begin(id));
        f.finish(id);
    }
    CHECK(f.ids.stats().handled == 2);
    CHECK(f.ids.stats().evicted == 1);
    CHECK(f.begin("a"));
    f.ids.abandon("a");
    CHECK(!f.begin("c"));
    f.time.advance(1min);
    CHECK(f.begin("c"));
    CHECK(f.ids.stats().handled == 0);
}

TEST_CASE("a handler's loop that ends gives its reservation back") {
    manual_clock time;
    memory_queue queue({.clock = &time});
    memory_seen_ids ids;
    {
        loop home(time);
        const auto sub =
            queue.consume(home, {.topic = "t", .group = "g"},
                          idempotent(ids, [](delivery&) -> task<result<void>> { co_return co_await sleep_for(1s); }));
        REQUIRE(home.block_on(queue.publish(message("t", "x"))));
        home.poll();
        CHECK(ids.stats().in_progress == 1);
    }
    CHECK(ids.stats().in_progress == 0);
}

TEST_CASE("a queue's metrics show its counts, its handlers and its groups") {
    manual_clock time;
    loop home(time);
    memory_queue queue({.clock = &time});
    metrics all;
    measure(all, queue, "main");
    measure_group(all, queue, "main", "t", "g");
    const auto sub = queue.consume(home, {.topic = "t", .group = "g"}, [&](delivery& of) -> task<result<void>> {
        if (of->body == "bad") co_return errc::invalid_argument;
        co_return ok();
    });
    REQUIRE(home.block_on(queue.publish(message("t", "bad"))));
    REQUIRE(home.block_on(queue.publish(message("t", "good"))));
    REQUIRE(home.block_on(queue.publish(message("t", "later").with_delay(1h))));
    CHECK(!home.block_on(queue.publish(message("u", "x"))));
    home.poll();
    time.advance(30s);

    const std::string text = all.text();
    const auto shows = [&](std::string_view line) { return text.find(line) != std::string::npos; };
    CHECK(shows("queue_published_total{name=\"main\"} 3\n"));
    CHECK(shows("queue_publish_failed_total{name=\"main\"} 1\n"));
    CHECK(shows("queue_done_total{name=\"main\"} 1\n"));
    CHECK(shows("queue_dead_total{name=\"main\"} 1\n"));
    CHECK(shows("queue_depth{name=\"main\",topic=\"t\",group=\"g\"} 1\n"));
    CHECK(shows("queue_dead_letters{name=\"main\",topic=\"t\",group=\"g\"} 1\n"));
    CHECK(shows("queue_oldest_seconds{name=\"main\",topic=\"t\",group=\"g\"} 30\n"));
    CHECK(shows("queue_handler_seconds_count{topic=\"t\",group=\"g\"} 2\n"));
}
