// SPDX-License-Identifier: MIT
#pragma once

#include "support/rabbitmq_server.hpp"
#include <weir/amqp/queue.hpp>
#include <weir/core/loop.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace test_support {

/// Publishes and consumes numbered messages while something happens to the broker, and counts them.
class broker_storm {
public:
    static constexpr int publishers = 16;

    broker_storm(std::string name, int messages) : topic_(std::move(name)), per_publisher_(messages / publishers) {
        weir::amqp::queue_options options;
        options.hosts = {shared_rabbitmq().host()};
        options.prefix = "storm";
        options.partitions = 2;
        options.heartbeat = std::chrono::seconds(2);
        options.connect_timeout = std::chrono::seconds(2);
        options.publish_wait = std::chrono::seconds(5);
        options.max_reconnect = std::chrono::seconds(1);
        options.depth_interval = std::chrono::milliseconds(500);
        queue_ = std::make_unique<weir::amqp::queue>(options);
    }

    /// Runs the storm on a thread of its own; `disturb` is called here once a third of the messages are published. (A
    /// broker must be started by a thread that lasts: it ends with that thread.)
    void run(const std::function<void()>& disturb, std::chrono::seconds patience) {
        const auto end = std::chrono::steady_clock::now() + patience;
        std::thread storming([&] { storm(end); });
        while (published_ < total() / 3 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        disturb();
        disturbed_ = true;
        storming.join();
    }

    /// Checks that nothing is lost and the order of keys holds, and shows how much came twice.
    void check() const {
        CHECK(published_ == total());
        CHECK(seen_.size() == static_cast<std::size_t>(total()));
        const auto repeated = std::ranges::count_if(seen_, [](const auto& one) { return one.second > 1; });
        const auto shown = queue_->broker_stats();
        MESSAGE(topic_ << ": " << total() << " messages, " << failures_ << " publications repeated, " << repeated
                       << " messages handled again, " << shown.lost_connections << " connections lost, "
                       << shown.outcome_unknown << " outcomes unknown, " << overlaps_
                       << " overlaps, last error: " << shown.last_error);
        CHECK(shown.lost_connections > 0);
        CHECK(overlaps_ == 0);
        // only messages in flight at the fault may come twice
        CHECK(repeated <= 3 * 64 + shown.outcome_unknown + 2 * publishers);
        for (const auto& [key, numbers] : first_seen_) CHECK(std::ranges::is_sorted(numbers));
    }

    /// Whether the connections are up.
    bool connected() const {
        const auto shown = queue_->broker_stats();
        return shown.publishing && shown.consuming;
    }

private:
    int total() const noexcept { return per_publisher_ * publishers; }
    bool quiet() const {
        const auto groups = queue_->stats().groups;
        return disturbed_ && connected() && !groups.empty() && groups[0].depth == 0;
    }
    void storm(std::chrono::steady_clock::time_point end) {
        weir::consume_options how{.topic = topic_, .group = "g", .concurrency = 32, .attempts = 20};
        how.backoff = std::chrono::milliseconds(20);
        const auto sub = queue_->consume(home_, how, [this](weir::delivery& of) { return handle(of); });
        CHECK(home_.block_on(sub.established()));
        for (int i = 0; i < publishers; ++i) home_.spawn(publish_all(i));
        while (!over() && std::chrono::steady_clock::now() < end) tick();
        CHECK(over());
        CHECK(home_.block_on(sub.stop()));
    }
    bool over() const { return published_ == total() && seen_.size() == static_cast<std::size_t>(total()) && quiet(); }
    void tick() {
        bool due = false;
        home_.call_at(home_.clock().now() + std::chrono::milliseconds(10), [&] { due = true; });
        while (!due) home_.run_one();
    }

    // The messages of one publisher have one key, or none for every other publisher.
    weir::task<void> publish_all(int publisher) {
        for (int i = 0; i < per_publisher_; ++i) {
            weir::message one(topic_, std::to_string(i));
            one.id = std::to_string(publisher) + "-" + std::to_string(i);
            if (publisher % 2 == 0) one.key = std::to_string(publisher);
            for (;;) {
                const auto sent = co_await queue_->publish(one);
                if (sent) break;
                ++failures_;
                (void)co_await weir::sleep_for(std::chrono::milliseconds(20));
            }
            ++published_;
        }
    }

    weir::task<weir::result<void>> handle(weir::delivery& of) {
        const std::string key = of->key;
        if (!key.empty() && ++running_[key] > 1) ++overlaps_;
        (void)co_await weir::sleep_for(std::chrono::microseconds(200));
        if (!key.empty()) --running_[key];
        const bool fails = of.attempt == 1 && std::hash<std::string>()(of->id) % 50 == 0;
        if (fails) co_return weir::errc::unavailable;
        if (++seen_[of->id] == 1 && !key.empty()) first_seen_[key].push_back(std::stoi(of->body));
        co_return weir::ok();
    }

    const std::string topic_;
    const int per_publisher_;
    weir::loop home_{};
    std::unique_ptr<weir::amqp::queue> queue_{};
    std::atomic<int> published_{0};
    int failures_ = 0;
    int overlaps_ = 0;
    std::atomic<bool> disturbed_{false};
    std::map<std::string, int> seen_{};
    std::map<std::string, int> running_{};
    std::map<std::string, std::vector<int>> first_seen_{};
};

} // namespace test_support
