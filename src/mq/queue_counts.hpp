// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>

#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>

namespace weir::mq::detail {

/// The counters of a queue, shared with its consumers, which may outlive it. Thread-safe.
struct queue_counts {
    enum counted : std::size_t { published, publish_failed, delivered, done, retried, dead, returned };

    /// The histogram of a group's handlers, or null if they aren't measured.
    histogram* handlers_of(std::string_view topic, std::string_view group) {
        if (!measured.load(std::memory_order_acquire)) return nullptr;
        const std::lock_guard lock(mutex);
        return &handlers->with(topic, group);
    }

    resilience::detail::sharded_counts all{};
    std::atomic<std::size_t> running{0};
    std::atomic<std::size_t> waiting{0};

    std::atomic<bool> measured{false};
    std::mutex mutex{};
    std::optional<metric_family<histogram>> handlers{};
};

} // namespace weir::mq::detail
