// SPDX-License-Identifier: MIT
#pragma once

#include "mq/memory_group.hpp"
#include <weir/mq/memory_queue.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace weir::mq::detail {

/// A topic of a memory_queue: its room and its groups. Thread-safe.
class memory_topic {
public:
    memory_topic(const memory_queue_options& options, std::string name);

    /// Adds the message to all groups. Errors as for `queue::publish`.
    task<result<void>> publish(message one);

    /// Null if there is no such group.
    memory_group* find(std::string_view group);
    memory_group& add(std::string_view group);

    /// Calls `f` under the lock.
    template<class F>
    auto locked(F f) {
        const std::lock_guard lock(mutex_);
        return f();
    }

    const std::shared_ptr<room_line>& room() const noexcept { return room_; }
    const weir::clock& clock() const noexcept { return *options_.clock; }
    void close() noexcept;
    void describe(queue_stats& shown) const;
    void describe(memory_queue_stats& shown) const;

private:
    memory_group* locked_find(std::string_view group) const noexcept;
    task<result<room_line::room>> wait_for_room(std::size_t bytes);
    result<void> store(message one, room_line::room taken);
    error full(errc kind) const;

    const memory_queue_options options_;
    const std::string name_;
    const std::shared_ptr<room_line> room_;
    mutable std::mutex mutex_{}; // guards the members below
    std::vector<std::unique_ptr<memory_group>> groups_{};
    bool closed_ = false;
};

/// A subscription of a memory_queue. Keeps the topic, and runs a task that delivers what is due.
std::shared_ptr<consumer_link> link_memory(loop& on, std::shared_ptr<memory_topic> topic, memory_group& group);

} // namespace weir::mq::detail
