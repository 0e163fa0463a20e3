// SPDX-License-Identifier: MIT
#pragma once

#include "http/websocket/frame.hpp"
#include <weir/core/loop.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace weir::http::detail {

class room_branch;
class websocket_link;
struct room_waiter;

/// What rooms have to deliver on one loop. Guarded by the table's mutex.
struct room_outlet {
    explicit room_outlet(weir::loop& its) : home(its) {}

    weir::loop& home;
    std::size_t branches = 0; // with members on this loop
    bool posted = false;      // a delivery is scheduled on the loop
    std::vector<std::shared_ptr<room_branch>> ready{};
    std::vector<room_waiter*> waiters{}; // until it has delivered
};

/// One member of a room, created by its own loop.
struct room_member {
    std::uint64_t id = 0;
    std::weak_ptr<websocket_link> link{}; // used only on its loop, where it ends
    std::shared_ptr<const std::atomic<std::size_t>> unsent{};
    std::uint64_t first = 0; // the first message that it receives
    std::uint64_t start = 0; // bytes before that message
    std::atomic<bool> slow{false};
};

/// Messages in the order of their broadcasts, numbered from `first`.
struct room_batch {
    std::vector<shared_frame> frames{};
    std::uint64_t first = 0;

    std::span<const shared_frame> since(std::uint64_t number) const noexcept {
        const std::span<const shared_frame> all(frames);
        return number <= first ? all : all.subspan(std::min<std::size_t>(number - first, all.size()));
    }
};

/// A room's members on one loop, sharing one inbox. Guarded by the table's mutex. Only the loop itself changes the
/// members, so it may read them without the mutex.
class room_branch {
public:
    explicit room_branch(std::shared_ptr<room_outlet> outlet) : outlet_(std::move(outlet)) {}

    room_outlet& outlet() const noexcept { return *outlet_; }
    const std::shared_ptr<room_outlet>& shared_outlet() const noexcept { return outlet_; }

    /// The member receives what is pushed from now on. Its id must be higher than those before.
    void add(std::shared_ptr<room_member> one);
    void remove(std::uint64_t id) noexcept;
    bool empty() const noexcept { return members_.empty(); }
    /// The member receives nothing more.
    void exclude(std::uint64_t id) noexcept;
    /// The number of members that receive what is pushed.
    std::size_t listening() const noexcept { return members_.size() - slow_; }
    /// Returns the member with the next higher id, or null.
    std::shared_ptr<room_member> after(std::uint64_t id) const noexcept;

    /// Allocates memory for one more message, here and in the outlet, so that `push` can't fail.
    void make_room();
    /// Adds a message to the inbox. A member with more than `most` bytes queued, there and on its connection, is marked
    /// slow: it receives nothing more, and messages that only slow members lacked are freed.
    void push(const shared_frame& frame, std::size_t most) noexcept;
    room_batch take() noexcept;
    /// Bytes in the inbox.
    std::size_t waiting() const noexcept { return bytes_; }

    bool ready = false; // is in the outlet's list

private:
    std::size_t before(const room_member& one) const noexcept;
    void trim() noexcept;

    std::shared_ptr<room_outlet> outlet_;
    std::vector<std::shared_ptr<room_member>> members_; // by id
    std::size_t slow_ = 0;
    std::vector<shared_frame> inbox_;
    std::uint64_t begin_ = 0; // the number of the inbox's first message
    std::size_t bytes_ = 0;   // of the inbox
    std::uint64_t total_ = 0; // bytes pushed in total
};

} // namespace weir::http::detail
