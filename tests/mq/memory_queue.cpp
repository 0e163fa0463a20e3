// SPDX-License-Identifier: MIT
#include "resilience/drive.hpp"
#include "support/cancelled_early.hpp"
#include "support/queue_trial.hpp"
#include <weir/core/channel.hpp>
#include <weir/mq/memory_queue.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::started;

namespace {

using publication = started<result<void>>;

// A queue of one topic on a loop with a manual clock.
struct memory_fixture {
    explicit memory_fixture(memory_queue_options options = {}) : queue(with_clock(std::move(options))) {}

    memory_queue_options with_clock(memory_queue_options options) const {
        options.clock = &time;
        return options;
    }

    void pass(duration by) {
        time.advance(by);
        home.poll();
    }
    template<class T>
    T run(task<T> work) {
        return home.block_on(std::move(work));
    }
    result<void> publish(std::string body) { return run(queue.publish(message("t", std::move(body)))); }
    std::unique_ptr<publication> begin(std::string body, time_point deadline = time_point::max()) {
        return std::make_unique<publication>(home, queue.publish(message("t", std::move(body))), deadline);
    }
    subscription take_all() {
        return queue.consume(home, {.topic = "t", .group = "g", .random = [] { return 0.5; }}, [this](delivery& of) {
            return take(of);
        });
    }
    task<result<void>> take(delivery& of) {
        taken.push_back(of->body);
        co_return outcome;
    }
    queue_group_stats group() const { return queue.stats().groups.at(0); }

    manual_clock time{};
    loop home{time};
    memory_queue queue;
    std::vector<std::string> taken{};
    result<void> outcome = ok();
};

} // namespace

TEST_CASE("a publication waits for room, first come, first served") {
    memory_fixture f({.max_messages = 2});
    REQUIRE(f.run(f.queue.declare("t", "g")));
    REQUIRE(f.publish("a"));
    REQUIRE(f.publish("b"));
    const auto third = f.begin("c");
    const auto fourth = f.begin("d");
    CHECK(!third->ended());
    CHECK(f.queue.stats().waiting == 2);
    CHECK(f.group().depth == 2);

    const auto sub = f.take_all();
    f.home.poll();
    REQUIRE(third->ended());
    CHECK(third->outcome());
    CHECK(fourth->outcome());
    CHECK((f.taken == std::vector<std::string>{"a", "b", "c", "d"}));
    CHECK(f.queue.stats().waiting == 0);
}

TEST_CASE("a publication without room fails at its deadline, at the queue's limit, or when cancelled") {
    memory_fixture f({.max_messages = 1, .publish_wait = 10s});
    REQUIRE(f.run(f.queue.declare("t", "g")));
    REQUIRE(f.publish("a"));
    const auto early = f.begin("b", f.time.now() + 1s);
    const auto late = f.begin("c");
    const auto cancelled = f.begin("d");
    f.pass(1s);
    REQUIRE(early->ended());
    CHECK(early->outcome().error() == errc::deadline_exceeded);
    CHECK(early->outcome().error().code() == "queue_full");
    cancelled->cancel();
    REQUIRE(cancelled->ended());
    CHECK(cancelled->outcome().error() == errc::cancelled);
    f.pass(9s);
    REQUIRE(late->ended());
    CHECK(late->outcome().error().code() == "queue_full");
    CHECK(f.queue.stats().publish_failed == 3);
}

TEST_CASE("a full queue refuses at once if it is set to") {
    memory_fixture f({.max_messages = 1, .when_full = full_queue::refuse});
    REQUIRE(f.run(f.queue.declare("t", "g")));
    REQUIRE(f.publish("a"));
    const auto refused = f.publish("b");
    REQUIRE(!refused);
    CHECK(refused.error() == errc::resource_exhausted);
    CHECK(refused.error().code() == "queue_full");
}

TEST_CASE("a topic is bounded in bytes, and a large message isn't overtaken") {
    memory_fixture f({.max_bytes = 10'000, .max_message_bytes = 10'000});
    REQUIRE(f.run(f.queue.declare("t", "g")));
    REQUIRE(f.publish(std::string(5'000, 'a')));
    const auto large = f.begin(std::string(9'000, 'b'));
    const auto small = f.begin("c");
    CHECK(!large->ended());
    CHECK(!small->ended());
    CHECK(f.publish(std::string(10'000, 'x')).error() == errc::too_large);
    const auto sub = f.take_all();
    f.home.poll();
    CHECK(large->outcome());
    CHECK(small->outcome());
    REQUIRE(f.taken.size() == 3);
    CHECK(f.taken[1].size() == 9'000);
    CHECK(f.queue.memory_stats().bytes == 0);
}

TEST_CASE("a message takes room until all groups have handled it") {
    memory_fixture f({.max_messages = 1});
    REQUIRE(f.run(f.queue.declare("t", "slow")));
    const auto sub = f.take_all();
    REQUIRE(f.publish("a"));
    const auto next = f.begin("b");
    f.home.poll();
    CHECK(f.taken.size() == 1);
    CHECK(!next->ended());
    const auto slow = f.queue.consume(f.home, {.topic = "t", .group = "slow"}, [](delivery&) -> task<result<void>> {
        co_return ok();
    });
    f.home.poll();
    REQUIRE(next->ended());
    CHECK(next->outcome());
}

TEST_CASE("waiting publications end with the queue, and with their loop") {
    auto f = std::make_unique<memory_fixture>(memory_queue_options{.max_messages = 1});
    REQUIRE(f->run(f->queue.declare("t", "g")));
    REQUIRE(f->publish("a"));
    {
        loop other(f->time);
        other.spawn([](memory_queue& of) -> task<void> { (void)co_await of.publish(message("t", "b")); }(f->queue));
        other.poll();
        CHECK(f->queue.stats().waiting == 1);
    }
    CHECK(f->queue.stats().waiting == 0);
    const auto waits = f->begin("c");
    CHECK(!waits->ended());
    CHECK(f->run(f->queue.close()));
    f->home.poll();
    REQUIRE(waits->ended());
    CHECK(waits->outcome().error() == errc::unavailable);
    CHECK(waits->outcome().error().code() == "closed");
    CHECK(f->run(f->queue.declare("t", "h")).error() == errc::unavailable);
}

TEST_CASE("a cancelled publication ends once") {
    memory_fixture f({.max_messages = 1});
    REQUIRE(f.run(f.queue.declare("t", "g")));
    REQUIRE(f.publish("a"));
    const auto ends = test_support::ends_when_cancelled_early(f.home, [&] { return f.queue.publish(message("t")); });
    CHECK((ends == std::vector{errc::cancelled}));
}

TEST_CASE("retries wait exponentially longer, up to the bound") {
    memory_fixture f;
    f.outcome = errc::unavailable;
    std::vector<duration> delays;
    consume_options how{.topic = "t", .group = "g", .attempts = 6, .backoff = 4s, .max_backoff = 20s};
    how.random = [] { return 0.5; };
    how.on_event = [&](const consume_event& event) {
        delays.push_back(event.delay);
        throw std::runtime_error("ignored");
    };
    const auto sub = f.queue.consume(f.home, how, [&f](delivery& of) { return f.take(of); });
    REQUIRE(f.publish("a"));
    f.home.poll();
    CHECK(f.taken.size() == 1);
    f.pass(2999ms);
    CHECK(f.taken.size() == 1);
    CHECK(f.group().delayed == 1);
    f.pass(1ms);
    CHECK(f.taken.size() == 2);
    for (int i = 0; i < 10; ++i) f.pass(10s);
    CHECK(f.taken.size() == 6);
    CHECK((delays == std::vector<duration>{3s, 6s, 12s, 15s, 15s, 0s}));
    CHECK(f.queue.stats().dead == 1);
}

TEST_CASE("a retry waits at least as long as its error says") {
    memory_fixture f;
    f.outcome = error(errc::unavailable, "busy").with_retry_after(40);
    const auto sub = f.take_all();
    REQUIRE(f.publish("a"));
    f.home.poll();
    f.pass(39s);
    CHECK(f.taken.size() == 1);
    f.pass(1s);
    CHECK(f.taken.size() == 2);
}

TEST_CASE("statistics show a group's messages") {
    memory_fixture f;
    REQUIRE(f.run(f.queue.declare("t", "g")));
    REQUIRE(f.publish("a"));
    f.pass(5s);
    REQUIRE(f.run(f.queue.publish(message("t", "b").with_delay(1h))));
    auto shown = f.group();
    CHECK(shown.topic == "t");
    CHECK(shown.group == "g");
    CHECK(shown.depth == 2);
    CHECK(shown.delayed == 1);
    CHECK(shown.in_flight == 0);
    CHECK(shown.oldest == 5s);

    channel<int> gate;
    const auto sub = f.queue.consume(f.home, {.topic = "t", .group = "g"}, [&](delivery&) -> task<result<void>> {
        (void)co_await gate.receive();
        co_return errc::invalid_argument;
    });
    f.home.poll();
    CHECK(f.group().in_flight == 1);
    gate.close();
    f.home.poll();
    shown = f.group();
    CHECK(shown.depth == 1);
    CHECK(shown.in_flight == 0);
    CHECK(shown.dead_letters == 1);
    CHECK(shown.oldest == 0s);
}

TEST_CASE("dead letters are bounded: the oldest is deleted") {
    memory_fixture f({.max_dead = 2});
    f.outcome = errc::invalid_argument;
    const auto sub = f.take_all();
    for (const char* const body : {"a", "b", "c"}) REQUIRE(f.publish(body));
    f.home.poll();
    const auto dead = f.run(f.queue.dead_letters("t", "g", 10)).value();
    REQUIRE(dead.size() == 2);
    CHECK(dead[0].last->body == "b");
    CHECK(dead[1].last->body == "c");
    CHECK(f.queue.memory_stats().dead_dropped == 1);
    CHECK(f.run(f.queue.discard_dead("t", "g", "")).value() == 2);
    CHECK(f.group().dead_letters == 0);
}

TEST_CASE("dead letters go back only as far as there is room") {
    memory_fixture f({.max_messages = 2});
    f.outcome = errc::invalid_argument;
    {
        const auto sub = f.take_all();
        for (const char* const body : {"a", "b", "c"}) {
            REQUIRE(f.publish(body));
            f.home.poll();
        }
    }
    CHECK(f.run(f.queue.requeue_dead("t", "g", "")).value() == 2);
    CHECK(f.run(f.queue.requeue_dead("t", "g", "")).value() == 0);
    CHECK(f.group().dead_letters == 1);
    CHECK(f.group().depth == 2);
}

TEST_CASE("groups are bounded in number") {
    memory_fixture f({.max_groups = 2});
    CHECK(f.run(f.queue.declare("t", "g")));
    CHECK(f.run(f.queue.declare("t", "h")));
    CHECK(f.run(f.queue.declare("t", "g")));
    CHECK(f.run(f.queue.declare("u", "g")).error() == errc::resource_exhausted);
    CHECK(f.queue.memory_stats().topics == 1);
    CHECK_THROWS_AS((void)f.queue.consume(
                        f.home, {.topic = "u", .group = "g"}, [](delivery&) -> task<result<void>> { co_return ok(); }),
                    error_exception);
}

TEST_CASE("options out of range are refused by name") {
    CHECK_THROWS_WITH_AS(memory_queue({.max_messages = 0}), "memory_queue_options.max_messages = 0: accepted 1 or more",
                         std::invalid_argument);
    CHECK_THROWS_AS(memory_queue({.max_message_bytes = std::size_t{1} << 40U}), std::invalid_argument);
    CHECK_THROWS_AS(memory_queue({.publish_wait = -1s}), std::invalid_argument);
}
