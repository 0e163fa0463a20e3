// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <functional>
#include <utility>

namespace weir::http {

/// Returns `now + much`, or never if that overflows.
inline time_point later(time_point now, duration much) noexcept {
    return much < time_point::max() - now ? now + much : time_point::max();
}

/// Calls `ring` if the expected event doesn't occur in time; never after destruction. The time can be changed often:
/// that costs one clock read, as the loop's timer is adjusted lazily. Loop-local.
class client_timer {
public:
    client_timer(loop& home, std::function<void()> ring) : home_(home), ring_(std::move(ring)) {}
    ~client_timer() { home_.cancel_timer(timer_); }
    client_timer(const client_timer&) = delete;
    client_timer& operator=(const client_timer&) = delete;

    void expect_within(duration much) {
        until_ = later(home_.clock().now(), much);
        if (until_ < rings_at_) arm();
    }
    void ring_at(time_point at) {
        until_ = at;
        if (until_ < rings_at_) arm();
    }
    /// Suspends the timer: nothing is expected at the moment.
    void suspend() noexcept { until_ = time_point::max(); }
    bool expired() const noexcept { return expired_; }

private:
    void arm() {
        home_.cancel_timer(timer_);
        rings_at_ = until_;
        timer_ = home_.call_at(until_, [this] { due(); });
    }
    void due() {
        rings_at_ = time_point::max();
        if (until_ > home_.clock().now()) {
            if (until_ != time_point::max()) arm();
            return;
        }
        expired_ = true;
        ring_();
    }

    loop& home_;
    std::function<void()> ring_;
    time_point until_ = time_point::max();
    time_point rings_at_ = time_point::max();
    loop::timer_id timer_ = 0;
    bool expired_ = false;
};

} // namespace weir::http
