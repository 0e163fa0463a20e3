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

void context::replace(std::unique_ptr<holder_base> owned) {
    for (auto& one : attached_)
        if (one->key == owned->key) return void(one = std::move(owned));
    attached_.push_back(std::move(owned));
}

} // namespace weir
