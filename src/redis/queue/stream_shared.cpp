// SPDX-License-Identifier: MIT
#include "redis/queue/stream_shared.hpp"

namespace weir::redis::detail {

void stream_shared::note_sizes(queue_group_stats sizes) {
    std::pair name(sizes.topic, sizes.group);
    const std::lock_guard lock(mutex_);
    groups_.insert_or_assign(std::move(name), std::move(sizes));
}

void stream_shared::note_failure(const error& failure) noexcept {
    const std::lock_guard lock(mutex_);
    ++failures_;
    try {
        last_error_ = failure.describe();
    } catch (...) { // out of memory
        last_error_.clear();
    }
}

void stream_shared::describe(weir::queue_stats& shown) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, sizes] : groups_) shown.groups.push_back(sizes);
}

stream_stats stream_shared::stats() const {
    const std::lock_guard lock(mutex_);
    return {.claimed = claimed, .refused = refused, .failures = failures_, .last_error = last_error_};
}

} // namespace weir::redis::detail
