// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/channel.hpp>
#include <weir/mq/queue.hpp>
#include <weir/redis/client.hpp>
#include <weir/redis/stream_queue.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir::redis::detail {

/// What a stream_queue and its consumers share. Thread-safe.
class stream_shared {
public:
    stream_shared(client& on, stream_queue_options given) : db(on), options(std::move(given)) {}

    std::string topic_key(std::string_view topic) const {
        return std::string(options.prefix).append(":{").append(topic).append("}");
    }
    std::string stream_key(std::string_view topic, std::string_view group) const {
        return topic_key(topic).append(":").append(group);
    }

    void note_sizes(queue_group_stats sizes);
    void note_failure(const error& failure) noexcept;
    void describe(weir::queue_stats& shown) const;
    stream_stats stats() const;

    client& db;
    const stream_queue_options options;
    std::atomic<std::uint64_t> claimed{0};
    std::atomic<std::uint64_t> refused{0};

private:
    mutable std::mutex mutex_{}; // guards the following
    std::map<std::pair<std::string, std::string>, queue_group_stats> groups_{};
    std::uint64_t failures_ = 0;
    std::string last_error_{};
};

} // namespace weir::redis::detail
