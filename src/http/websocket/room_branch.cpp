// SPDX-License-Identifier: MIT
#include "http/websocket/room_branch.hpp"

#include <algorithm>
#include <utility>

namespace weir::http::detail {

namespace {

template<class T>
void reserve_one(std::vector<T>& in) {
    if (in.size() == in.capacity()) in.reserve(std::max<std::size_t>(4, 2 * in.size()));
}

constexpr auto id_of = [](const std::shared_ptr<room_member>& one) noexcept { return one->id; };

} // namespace

void room_branch::add(std::shared_ptr<room_member> one) {
    one->first = begin_ + inbox_.size();
    one->start = total_;
    members_.push_back(std::move(one));
}

void room_branch::remove(std::uint64_t id) noexcept {
    const auto found = std::ranges::lower_bound(members_, id, {}, id_of);
    if (found == members_.end() || (*found)->id != id) return;
    if ((*found)->slow) --slow_;
    members_.erase(found);
    trim();
}

void room_branch::exclude(std::uint64_t id) noexcept {
    const auto found = std::ranges::lower_bound(members_, id, {}, id_of);
    if (found == members_.end() || (*found)->id != id || (*found)->slow.exchange(true)) return;
    ++slow_;
    trim();
}

std::shared_ptr<room_member> room_branch::after(std::uint64_t id) const noexcept {
    const auto found = std::ranges::upper_bound(members_, id, {}, id_of);
    return found == members_.end() ? nullptr : *found;
}

void room_branch::make_room() {
    reserve_one(inbox_);
    if (!ready) reserve_one(outlet_->ready);
}

// Bytes queued before a member: undelivered messages, and output that waits for its peer.
std::size_t room_branch::before(const room_member& one) const noexcept {
    return std::min<std::uint64_t>(bytes_, total_ - one.start) + one.unsent->load(std::memory_order_relaxed);
}

void room_branch::push(const shared_frame& frame, std::size_t most) noexcept {
    const std::size_t cost = cost_of(*frame);
    const std::size_t slow_before = slow_;
    for (const auto& one : members_) {
        const std::size_t waits = before(*one);
        if (one->slow || waits == 0 || waits + cost <= most) continue;
        one->slow = true;
        ++slow_;
    }
    if (slow_ != slow_before) trim();
    if (listening() == 0) return;
    inbox_.push_back(frame);
    bytes_ += cost;
    total_ += cost;
}

room_batch room_branch::take() noexcept {
    room_batch taken{std::exchange(inbox_, {}), begin_};
    begin_ += taken.frames.size();
    bytes_ = 0;
    return taken;
}

// Frees the messages that every member has received or will not receive.
void room_branch::trim() noexcept {
    std::uint64_t first = begin_ + inbox_.size();
    for (const auto& one : members_)
        if (!one->slow) first = std::min(first, one->first);
    if (first <= begin_) return;
    const auto end = inbox_.begin() + static_cast<std::ptrdiff_t>(first - begin_);
    for (auto at = inbox_.begin(); at != end; ++at) bytes_ -= cost_of(**at);
    inbox_.erase(inbox_.begin(), end);
    begin_ = first;
}

} // namespace weir::http::detail
