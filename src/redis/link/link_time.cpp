// SPDX-License-Identifier: MIT
#include "redis/link/link.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::redis::detail {

namespace {

error no_connection(const error& why) {
    return error(errc::unavailable, "there is no connection to redis").caused_by(why);
}

error too_late(bool reached) noexcept {
    try {
        error late(errc::deadline_exceeded);
        return reached ? std::move(late).with_code(std::string(outcome_unknown_code)) : late;
    } catch (...) {
        return current_error();
    }
}

} // namespace

// The clock is read once per turn of the loop.
time_point link::turn_time() noexcept {
    if (!flush_posted_) now_ = home_.clock().now();
    return now_;
}

// One timer for all deadlines. It fires at the earliest one that was set, usually to find that call ended.
void link::arm(time_point at) {
    if (at >= armed_for_) return;
    home_.cancel_timer(std::exchange(timer_, 0));
    armed_for_ = time_point::max();
    timer_ = home_.call_at(at, [self = weak_from_this()] {
        if (const auto alive = self.lock()) alive->guarded([&] { alive->sweep(); });
    });
    armed_for_ = at;
}

void link::sweep() {
    timer_ = 0;
    armed_for_ = time_point::max();
    now_ = home_.clock().now();
    if (now_ >= connect_by_)
        lose(error(errc::unavailable, "connecting to redis at " + peer_.text() + " took longer than connect_timeout"));
    const time_point silence = sweep_silence();
    const time_point slots = sweep_slots();
    const time_point queue = sweep_queue();
    time_point next = std::min({silence, slots, queue});
    if (state_ == state::down && (!queue_.empty() || how_ == use::listening)) {
        if (now_ >= retry_at_)
            begin_connect();
        else
            next = std::min(next, retry_at_);
    }
    next = std::min(next, connect_by_);
    if (next != time_point::max()) arm(next);
}

time_point link::sweep_queue() {
    time_point next = time_point::max();
    for (call* one = queue_.first(); one;) {
        call* const after = queue_.next(*one);
        const bool late = one->deadline <= now_;
        const bool unconnected = !up() && one->connect_by <= now_;
        if (late || unconnected) {
            unqueue(*one);
            if (unconnected) {
                terms_->stats->lost.add();
                one->fail(no_connection(last_failure_));
            } else {
                expire(*one, false);
            }
        } else {
            next = std::min({next, one->deadline, up() ? time_point::max() : one->connect_by});
            if (one->not_before > now_)
                next = std::min(next, one->not_before);
            else if (up() && !writing_)
                flush_later();
        }
        one = after;
    }
    return next;
}

time_point link::sweep_slots() {
    time_point next = time_point::max();
    bool abandoned = false;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        call* const one = slots_[i].owner;
        if (!one || one == &greeting_) continue;
        if (one->deadline > now_) {
            next = std::min(next, one->deadline);
            continue;
        }
        slots_[i].owner = nullptr;
        abandoned = true;
        one->on = nullptr;
        one->at = call::place::none;
        expire(*one, reached(slots_[i]));
    }
    if (abandoned && how_ == use::exclusive) close(error(errc::unavailable, "a command has run into its deadline"));
    return next;
}

// Returns when the server has been silent for too long, if it sends nothing until then.
time_point link::sweep_silence() {
    const duration limit = terms_->options->stall_timeout;
    if (!up()) return time_point::max();
    if (how_ == use::listening) {
        const time_point ping_at = weir::detail::later(progress_at_, pinged_ ? weir::detail::sum(limit, limit) : limit);
        if (now_ < ping_at) return ping_at;
        if (std::exchange(pinged_, true)) {
            lose(error(errc::unavailable, "redis at " + peer_.text() + " sent nothing for longer than stall_timeout"));
            return time_point::max();
        }
        send("*1\r\n$4\r\nPING\r\n");
        return weir::detail::later(progress_at_, weir::detail::sum(limit, limit));
    }
    if (slots_.empty()) return time_point::max();
    const time_point silent_at = weir::detail::later(progress_at_, weir::detail::sum(limit, slots_.front().patience));
    if (now_ < silent_at) return silent_at;
    lose_all(error(errc::unavailable, "redis at " + peer_.text() + " sent nothing for longer than stall_timeout"));
    return time_point::max();
}

void link::expire(call& one, bool reached) noexcept {
    terms_->stats->late.add();
    one.reached_server = reached;
    one.fail(too_late(reached));
}

} // namespace weir::redis::detail
