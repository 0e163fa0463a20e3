// SPDX-License-Identifier: MIT
#include <weir/core/context.hpp>

namespace weir {

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
    drop(); // here it may end
}

void context::replace(std::unique_ptr<holder_base> owned) {
    for (auto& one : attached_)
        if (one->key == owned->key) return void(one = std::move(owned));
    attached_.push_back(std::move(owned));
}

} // namespace weir
