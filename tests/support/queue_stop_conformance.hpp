// SPDX-License-Identifier: MIT
#pragma once

// The part of the cases for engines of weir::queue about starts, stops and limits; and the list of all cases.

#include "support/queue_conformance.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace test_support {

namespace queue_cases_detail {

inline void a_stop_lets_running_handlers_end(queue_engine& engine) {
    queue_trial t(engine);
    channel<std::monostate> gate;
    std::multiset<std::string> handled;
    std::size_t begun = 0;
    auto how = t.options();
    how.concurrency = 2;
    const auto handler = [&](delivery& of) -> task<result<void>> {
        ++begun;
        CHECK(of.attempt == 1);
        (void)co_await gate.receive();
        handled.insert(of->body);
        co_return ok();
    };
    const auto first = t.consume(how, handler);
    t.publish_all(10);
    REQUIRE(t.until([&] { return begun == 2; }));

    std::optional<result<void>> stopped;
    const auto stop = [&]() -> task<void> { stopped = co_await first.stop(); };
    t.home.spawn(stop());
    CHECK(t.until([&] { return first.stats().stopping; }));
    CHECK(!stopped);
    CHECK(first.stats().running == 2);
    gate.close();
    REQUIRE(t.until([&] { return stopped.has_value(); }));
    CHECK(stopped->has_value());
    CHECK(handled.size() == 2);
    CHECK(t.run(first.stop())); // again

    const auto second = t.consume(how, handler);
    CHECK(t.until([&] { return handled.size() == 10; }));
    CHECK(std::set(handled.begin(), handled.end()).size() == 10);
}

inline void a_stop_returns_the_messages_of_slow_handlers(queue_engine& engine) {
    queue_trial t(engine);
    std::size_t begun = 0;
    auto how = t.options();
    how.drain = 10ms;
    const auto first = t.consume(how, [&](delivery&) -> task<result<void>> {
        ++begun;
        co_return co_await sleep_for(30s);
    });
    REQUIRE(t.publish(message(t.topic, "x").with_key("k")));
    REQUIRE(t.publish(message(t.topic, "y")));
    REQUIRE(t.until([&] { return begun == 2; }));
    CHECK(t.run(first.stop()).error() == errc::deadline_exceeded);
    CHECK(first.stats().running == 0);
    CHECK(t.queue->stats().returned == 2);

    std::vector<delivery> again;
    const auto second = t.consume(how, [&](delivery& of) -> task<result<void>> {
        again.push_back(of);
        co_return ok();
    });
    REQUIRE(t.until([&] { return again.size() == 2; }));
    for (const delivery& one : again) {
        CHECK(one.attempt == 1);
        CHECK(one.redelivered);
    }
}

inline void a_destroyed_subscription_returns_its_messages(queue_engine& engine) {
    queue_trial t(engine);
    std::size_t begun = 0;
    {
        const auto first = t.consume(t.options(), [&](delivery&) -> task<result<void>> {
            ++begun;
            co_return co_await sleep_for(30s);
        });
        t.publish_all(3);
        REQUIRE(t.until([&] { return begun == 3; }));
    }
    std::set<std::string> again;
    const auto second = t.consume(t.options(), [&](delivery& of) -> task<result<void>> {
        again.insert(of->body);
        co_return ok();
    });
    CHECK(t.until([&] { return again.size() == 3; }));
}

inline void a_handler_that_takes_too_long_is_cancelled(queue_engine& engine) {
    queue_trial t(engine);
    std::optional<error> seen;
    auto how = t.options();
    how.time_limit = 20ms;
    const auto sub = t.consume(how, [&](delivery& of) -> task<result<void>> {
        if (of.attempt > 1) co_return ok();
        const executor here = co_await this_task;
        CHECK(here.context().deadline() < time_point::max());
        CHECK(here.context().request_id() == of->id);
        channel<int> never;
        const auto got = co_await never.receive();
        seen = got.error();
        co_return got.error();
    });
    t.publish_all(1);
    CHECK(t.until([&] { return t.queue->stats().done == 1; }));
    CHECK(t.queue->stats().retried == 1);
    REQUIRE(seen);
    CHECK((*seen == errc::deadline_exceeded || *seen == errc::cancelled));
}

inline void no_more_handlers_run_than_allowed(queue_engine& engine) {
    queue_trial t(engine);
    std::size_t running = 0;
    std::size_t most = 0;
    auto how = t.options();
    how.concurrency = 3;
    t.declare();
    t.publish_all(30);
    const auto sub = t.consume(how, [&](delivery&) -> task<result<void>> {
        most = std::max(most, ++running);
        (void)co_await sleep_for(1ms);
        --running;
        co_return ok();
    });
    CHECK(t.until([&] { return t.queue->stats().done == 30; }));
    CHECK(most == 3);
}

struct conformance_event {
    std::string event{};
    std::int64_t user_id{};
};
BOOST_DESCRIBE_STRUCT(conformance_event, (), (event, user_id))

inline void a_typed_handler_gets_the_decoded_body(queue_engine& engine) {
    queue_trial t(engine);
    std::vector<std::int64_t> users;
    std::string type;
    const auto sub = t.consume(t.options(), [&](const conformance_event& event, delivery& of) -> task<result<void>> {
        users.push_back(event.user_id);
        type = of->content_type;
        co_return ok();
    });
    conformance_event event{.event = "user_registered", .user_id = 123};
    REQUIRE(t.run(t.queue->publish_json(t.topic, event)));
    CHECK(t.until([&] { return users.size() == 1; }));
    CHECK(users[0] == 123);
    CHECK(type == "application/json");

    REQUIRE(t.publish(message(t.topic, R"({"event":"user_registered"})")));
    REQUIRE(t.publish(message(t.topic, "[[[")));
    CHECK(t.until_dead(2));
    CHECK(users.size() == 1);
}

inline void two_loops_share_the_messages_of_a_group(queue_engine& engine) {
    queue_trial t(engine);
    std::mutex mutex;
    std::map<std::string, int> handled;
    std::array<std::atomic<int>, 2> by_loop{};
    auto how = t.options();
    how.concurrency = 1;
    how.prefetch = 1;
    const auto handler = [&](std::size_t index) {
        return [&, index](delivery& of) -> task<result<void>> {
            {
                const std::lock_guard lock(mutex);
                ++handled[of->body];
            }
            ++by_loop[index];
            co_return co_await sleep_for(1ms);
        };
    };
    loop other;
    auto elsewhere = t.queue->consume(other, how, handler(1));
    REQUIRE(other.block_on(elsewhere.established()));
    std::thread runs([&] { other.run(); });
    const auto here = t.consume(how, handler(0));
    t.publish_all(100);
    CHECK(t.until([&] { return t.queue->stats().done == 100; }));
    std::atomic<bool> stopped{false};
    const auto stop = [&]() -> task<void> {
        CHECK(co_await elsewhere.stop());
        stopped = true;
        other.stop();
    };
    other.post([&] { other.spawn(stop()); });
    runs.join();
    CHECK(stopped);
    CHECK(handled.size() == 100);
    CHECK(std::ranges::all_of(handled, [](const auto& one) { return one.second == 1; }));
    CHECK(by_loop[0] > 0);
    CHECK(by_loop[1] > 0);
}

inline void a_closed_queue_refuses_messages(queue_engine& engine) {
    queue_trial t(engine);
    const auto sub = t.consume(t.options(), [](delivery&) -> task<result<void>> { co_return ok(); });
    t.publish_all(1);
    REQUIRE(t.until([&] { return t.queue->stats().done == 1; }));
    CHECK(t.run(t.queue->close()));
    CHECK(t.run(t.queue->close()));
    const auto refused = t.publish(message(t.topic, "x"));
    REQUIRE(!refused);
    CHECK(refused.error() == errc::unavailable);
    CHECK(t.run(sub.stop()));
}

inline void a_subscription_outlives_its_queue(queue_engine& engine) {
    queue_trial t(engine);
    channel<std::monostate> gate;
    std::size_t begun = 0;
    std::size_t ended = 0;
    const auto sub = t.consume(t.options(), [&](delivery&) -> task<result<void>> {
        ++begun;
        (void)co_await gate.receive();
        ++ended;
        co_return ok();
    });
    t.publish_all(2);
    REQUIRE(t.until([&] { return begun == 2; }));
    t.queue.reset();
    gate.close();
    CHECK(t.until([&] { return ended == 2; }));
    CHECK(t.run(sub.stop()));
}

} // namespace queue_cases_detail

/// All cases. Each is a function so that a failed one doesn't keep the others from running.
inline std::span<const queue_case> queue_cases() {
    using namespace queue_cases_detail;
    static constexpr std::array all{
        queue_case{"every group gets every message", every_group_gets_every_message},
        queue_case{"all parts of a message arrive", all_parts_of_a_message_arrive},
        queue_case{"a message that no group takes is refused", a_message_that_no_group_takes_is_refused},
        queue_case{"wrong names and sizes are refused", wrong_names_and_sizes_are_refused},
        queue_case{"a failed message is attempted again", a_failed_message_is_attempted_again},
        queue_case{"a message dies after its last attempt", a_message_dies_after_its_last_attempt},
        queue_case{"a permanent error ends the attempts", a_permanent_error_ends_the_attempts},
        queue_case{"messages of one key are handled in order", messages_of_one_key_are_handled_in_order},
        queue_case{"a dead message lets the next of its key pass", a_dead_message_lets_the_next_of_its_key_pass},
        queue_case{"a delayed message comes when it is due", a_delayed_message_comes_when_it_is_due},
        queue_case{"a stop lets running handlers end", a_stop_lets_running_handlers_end},
        queue_case{"a stop returns the messages of slow handlers", a_stop_returns_the_messages_of_slow_handlers},
        queue_case{"a destroyed subscription returns its messages", a_destroyed_subscription_returns_its_messages},
        queue_case{"a handler that takes too long is cancelled", a_handler_that_takes_too_long_is_cancelled},
        queue_case{"no more handlers run than allowed", no_more_handlers_run_than_allowed},
        queue_case{"a typed handler gets the decoded body", a_typed_handler_gets_the_decoded_body},
        queue_case{"two loops share the messages of a group", two_loops_share_the_messages_of_a_group},
        queue_case{"a closed queue refuses messages", a_closed_queue_refuses_messages},
        queue_case{"a subscription outlives its queue", a_subscription_outlives_its_queue},
    };
    return all;
}

} // namespace test_support
