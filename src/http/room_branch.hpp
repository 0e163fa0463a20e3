// SPDX-License-Identifier: MIT
#pragma once

#include "http/websocket_frame.hpp"
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
    bool posted = false;      // the loop is going to deliver
    std::vector<std::shared_ptr<room_branch>> ready{};
    std::vector<room_waiter*> waiters{}; // until it has delivered
};

/// One member of a room, made by its own loop.
struct room_member {
    std::uint64_t id = 0;
    std::weak_ptr<websocket_link> link{}; // for its loop only, where it ends
    std::shared_ptr<const std::atomic<std::size_t>> unsent{};
    std::uint64_t first = 0; // message that it hears
    std::uint64_t start = 0; // bytes before that one
    std::atomic<bool> slow{false};
};

/// Messages in the order of their broadcasts, numbered from `first` on.
struct room_batch {
    std::vector<shared_frame> frames{};
    std::uint64_t first = 0;

    std::span<const shared_frame> since(std::uint64_t number) const noexcept {
        const std::span<const shared_frame> all(frames);
        return number <= first ? all : all.subspan(std::min<std::size_t>(number - first, all.size()));
    }
};

/// A room's members on one loop, with one inbox for all of them. Guarded by the table's mutex; but only the loop
/// itself changes who is a member, so it may look at the members without.
class room_branch {
public:
    explicit room_branch(std::shared_ptr<room_outlet> outlet) : outlet_(std::move(outlet)) {}

    room_outlet& outlet() const noexcept { return *outlet_; }
    const std::shared_ptr<room_outlet>& shared_outlet() const noexcept { return outlet_; }

    /// The member hears what is pushed from now on. Its id is higher than those before.
    void add(std::shared_ptr<room_member> one);
    void remove(std::uint64_t id) noexcept;
    bool empty() const noexcept { return members_.empty(); }
    /// The member hears nothing more.
    void exclude(std::uint64_t id) noexcept;
    /// How many are to hear what is pushed.
    std::size_t listening() const noexcept { return members_.size() - slow_; }
    /// The member with the next higher id, if there is one.
    std::shared_ptr<room_member> after(std::uint64_t id) const noexcept;

    /// Gets memory for one more message, here and in the outlet, so that `push` can't fail.
    void make_room();
    /// Fills the inbox. Who would have more than `most` bytes before it, there and on its connection, is slow: it
    /// hears nothing more, and what only the slow had to hear is freed.
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
    std::uint64_t total_ = 0; // bytes that were pushed
};

} // namespace weir::http::detail
