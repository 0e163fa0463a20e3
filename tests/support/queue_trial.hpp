// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/mq/queue.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace test_support {

/// An engine under test: opens queues on the same broker.
class queue_engine {
public:
    virtual ~queue_engine() = default;

    virtual std::unique_ptr<weir::queue> open() = 0;
    /// The time in which the engine surely does what it is about to do.
    virtual std::chrono::seconds patience() const { return std::chrono::seconds(20); }

    /// A topic that no other trial of this program uses.
    static std::string new_topic() {
        static int last = 0;
        return "topic-" + std::to_string(++last);
    }
};

/// A loop, a queue and a topic of their own for one test of an engine.
class queue_trial {
public:
    explicit queue_trial(queue_engine& of) : engine(of), queue(of.open()), topic(queue_engine::new_topic()) {}

    /// Runs the loop until the condition holds; false if it doesn't in time. Looks again every few milliseconds,
    /// because another loop may have changed it.
    bool until(const std::function<bool()>& holds) {
        const weir::time_point last = home.clock().now() + engine.patience();
        while (!holds() && home.clock().now() < last) {
            bool looks = false;
            const auto next = home.call_at(home.clock().now() + std::chrono::milliseconds(5), [&] { looks = true; });
            while (!looks && !holds()) home.run_one();
            home.cancel_timer(next);
        }
        return holds();
    }

    template<class T>
    T run(weir::task<T> work) {
        return home.block_on(std::move(work));
    }

    weir::result<void> publish(weir::message one) { return run(queue->publish(std::move(one))); }
    void publish_all(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) REQUIRE(publish(weir::message(topic, std::to_string(i))));
    }

    /// Options for quick retries.
    weir::consume_options options(std::string group = "g") const {
        return {.topic = topic, .group = std::move(group), .backoff = std::chrono::milliseconds(5)};
    }
    template<class F>
    weir::subscription consume(weir::consume_options how, F handler) {
        auto made = queue->consume(home, std::move(how), std::move(handler));
        REQUIRE(run(made.established()));
        return made;
    }
    /// Creates the group, so that messages can be published before they are consumed.
    void declare(std::string_view group = "g") { REQUIRE(run(queue->declare(topic, group))); }

    weir::queue_group_stats group(std::string_view name = "g") const {
        for (auto& one : queue->stats().groups)
            if (one.topic == topic && one.group == name) return one;
        return {};
    }
    std::vector<weir::dead_letter> dead_letters(std::string_view of = "g") {
        auto all = run(queue->dead_letters(topic, of, 1000));
        REQUIRE(all);
        return std::move(*all);
    }
    bool until_dead(std::size_t count) {
        return until([&] { return queue->stats().dead == count; }) && until_listed(count);
    }

    queue_engine& engine;
    weir::loop home{};
    std::unique_ptr<weir::queue> queue;
    const std::string topic;

private:
    // A network engine may list a dead letter a little later.
    bool until_listed(std::size_t count) {
        const auto end = std::chrono::steady_clock::now() + engine.patience();
        while (std::chrono::steady_clock::now() < end)
            if (dead_letters().size() == count) return true;
        return false;
    }
};

} // namespace test_support
