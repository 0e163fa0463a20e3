// SPDX-License-Identifier: MIT
#include <weir/core/context.hpp>

#include <algorithm>

namespace weir {

context::context(context& outer, time_point deadline) noexcept
    : loop_(outer.loop_), outer_(outer.outer_ ? outer.outer_ : &outer), deadline_(std::min(deadline, outer.deadline_)) {
    outer_->hold();
}

void context::take(context& other) noexcept {
    deadline_ = other.deadline_;
    request_id_.swap(other.request_id_);
    attached_.swap(other.attached_);
    other.reset();
}

void context::reset() noexcept {
    deadline_ = time_point::max();
    request_id_.clear();
    attached_.clear();
}

void context::keep_while_held(std::shared_ptr<void> owner) noexcept {
    hold();
    keeper_ = std::move(owner);
    holders_.fetch_add(kept_bit, std::memory_order_relaxed);
    drop(); // may destroy the context
}

void context::replace(std::unique_ptr<holder_base> owned) {
    for (auto& one : attached_)
        if (one->key == owned->key) return void(one = std::move(owned));
    attached_.push_back(std::move(owned));
}

} // namespace weir
