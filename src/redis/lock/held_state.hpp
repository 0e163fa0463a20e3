// SPDX-License-Identifier: MIT
#pragma once

#include "redis/lock/lock_core.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/context.hpp>
#include <weir/core/loop.hpp>

#include <memory>
#include <optional>

namespace weir::redis::detail {

/// Releases a claim in the background of a loop. Without memory, Redis drops the lock after its ttl.
void release_in_background(loop& home, std::shared_ptr<lock_core> core, lock_claim claim) noexcept;

/// A lock that is held, with its renewal. Belongs to one loop; forgets the loop when that ends.
class held_state : public std::enable_shared_from_this<held_state> {
public:
    held_state(loop& home, std::shared_ptr<lock_core> core, lock_claim claim, std::uint64_t fencing, time_point sent);
    held_state(const held_state&) = delete;
    held_state& operator=(const held_state&) = delete;
    ~held_state() {
        if (!over_) core_->change_held(-1);
    }

    /// When a lock that Redis was asked for at `sent` counts as lost here. The margin for the rates of the two clocks
    /// is that of Redis' documentation on distributed locks.
    static time_point valid_until(time_point sent, duration ttl) noexcept;

    void start_renewal();
    bool lost() const noexcept { return lost_ || (!over_ && (!home_ || home_->clock().now() >= valid_until_)); }
    std::uint64_t fencing() const noexcept { return fencing_; }
    channel<bool>& ended() noexcept { return ended_; } // closed when the lock is lost or released

    static task<result<void>> release(std::shared_ptr<held_state> self);
    void abandon() noexcept;

private:
    /// Lives as long as the renewal's frame.
    struct renewal {
        explicit renewal(std::shared_ptr<held_state> held) noexcept : of(std::move(held)) {}
        renewal(renewal&&) noexcept = default;
        ~renewal() {
            if (of) of->home_ = nullptr;
        }
        std::shared_ptr<held_state> of;
    };

    static task<void> keep_renewing(renewal own);
    task<std::optional<time_point>> renew_once();
    std::optional<time_point> note_renewal(time_point sent, const result<bool>& renewed);
    void lose() noexcept;
    void end() noexcept;

    loop* home_;
    const std::shared_ptr<lock_core> core_;
    const lock_claim claim_;
    const std::uint64_t fencing_;
    time_point valid_until_;
    time_point renewed_at_;
    bool lost_ = false;
    bool over_ = false; // lost or released
    channel<bool> ended_{0};
    context context_; // of the renewal
    boost::asio::cancellation_signal stop_{};
};

} // namespace weir::redis::detail
