// SPDX-License-Identifier: MIT
#include "redis/link/link.hpp"

#include <algorithm>
#include <utility>

namespace weir::redis::detail {

namespace {

// Without memory the error that takes its place has the same code.
error outcome_unknown(const error& why) noexcept {
    try {
        return error(why.kind(), std::string(why.message()))
            .with_code(std::string(outcome_unknown_code))
            .caused_by(why.cause());
    } catch (...) {
        return current_error();
    }
}

} // namespace

link::link(loop& home, std::shared_ptr<const link_terms> terms, link_owner& owner, use how)
    : home_(home), terms_(std::move(terms)), owner_(&owner), how_(how), socket_(home.io().get_executor()),
      resolver_(home.io().get_executor()), greeting_([this](const error& refused) { greeted(refused); }),
      pauses_(terms_->options->reconnect_base, terms_->options->reconnect_max) {}

link::~link() { drop_all(); }

void link::submit(call& one) noexcept {
    const client_options& options = *terms_->options;
    try {
        if (state_ == state::closed) return one.fail(last_failure_);
        if (one.bytes.size() > options.max_pending_bytes - std::min(pending_bytes_, options.max_pending_bytes)) {
            terms_->stats->refused.add();
            return one.fail(
                error(errc::resource_exhausted, "too many commands wait for redis: they exceed max_pending_bytes, " +
                                                    std::to_string(options.max_pending_bytes) + " bytes"));
        }
        const time_point now = turn_time();
        one.connect_by = weir::detail::later(now, options.connect_wait);
        if (one.begun == time_point{}) { // a call that moves keeps its deadline
            one.begun = now;
            one.deadline = weir::detail::later(now, weir::detail::sum(options.timeout, one.patience));
        }
        arm(up() ? one.deadline : std::min(one.deadline, one.connect_by));
        enqueue(one);
        if (up())
            flush_later();
        else
            begin_connect();
    } catch (...) {
        if (one.on == this) unqueue(one);
        one.fail(current_error());
    }
}

void link::enqueue(call& one) {
    one.on = this;
    one.at = call::place::queued;
    queue_.push_back(one);
    ++queued_;
    pending_bytes_ += one.bytes.size();
    terms_->stats->waiting.add();
}

void link::unqueue(call& one) noexcept {
    queue_.erase(one);
    --queued_;
    pending_bytes_ -= one.bytes.size();
    terms_->stats->waiting.sub();
    one.at = call::place::none;
    one.on = nullptr;
}

void link::release(call& one) noexcept {
    one.at = call::place::none;
    one.on = nullptr;
}

call* link::take_queued() noexcept {
    call* const one = queue_.first();
    if (one) unqueue(*one);
    return one;
}

void link::abandon(call& one, bool late) noexcept {
    (late ? terms_->stats->late : terms_->stats->cancelled).add();
    if (one.at == call::place::queued) return unqueue(one);
    one.reached_server = reached(slots_.abandon(one.ticket));
    one.at = call::place::none;
    one.on = nullptr;
    if (how_ == use::exclusive) close(errc::unavailable);
}

void link::lose(const error& why) {
    const auto self = weak_from_this().lock(); // a call's end may drop the last pointer
    last_failure_ = why;
    const bool was_up = up();
    disconnect();
    fail_slots(last_failure_);
    note_lost();
    if (was_up && how_ == use::exclusive) return close(last_failure_);
    if (state_ == state::down && (!queue_.empty() || how_ == use::listening)) begin_connect();
}

void link::lose_all(const error& why) {
    fail_queue(why);
    lose(why);
}

void link::close(const error& why) {
    if (state_ == state::closed) return;
    const auto self = weak_from_this().lock(); // a call's end may drop the last pointer
    last_failure_ = why;
    disconnect();
    if (up()) terms_->stats->open.sub();
    state_ = state::closed;
    fail_slots(last_failure_);
    fail_queue(last_failure_);
    if (owner_) owner_->closed(*this, last_failure_);
}

void link::drop_all() noexcept {
    disconnect();
    if (up()) terms_->stats->open.sub();
    state_ = state::closed;
    owner_ = nullptr;
    while (!queue_.empty()) unqueue(*queue_.first());
    for (; !slots_.empty(); slots_.pop()) {
        terms_->stats->in_flight.sub();
        if (call* const one = slots_.front().owner) {
            one->on = nullptr;
            one->at = call::place::none;
        }
    }
}

// Leaves the state to the caller.
void link::disconnect() noexcept {
    ++attempt_;
    error_code ignored; // a failed close can't be handled
    socket_.close(ignored);
    resolver_.cancel();
    home_.cancel_timer(std::exchange(timer_, 0));
    armed_for_ = time_point::max();
    connect_by_ = time_point::max();
    reader_.reset();
    out_.clear();
    out_at_ = 0;
    writing_ = false;
    pinged_ = false;
}

void link::fail_queue(const error& why) noexcept {
    while (!queue_.empty()) {
        call& one = *queue_.first();
        unqueue(one);
        terms_->stats->lost.add();
        one.fail(why);
    }
}

void link::fail_slots(const error& why) noexcept {
    slot_queue ended;
    std::swap(ended, slots_);
    const std::uint64_t sent = std::exchange(sent_, 0);
    appended_ = 0;
    for (; !ended.empty(); ended.pop()) {
        const slot one = ended.front();
        terms_->stats->in_flight.sub();
        pending_bytes_ -= one.bytes;
        if (!one.owner || one.owner == &greeting_) continue;
        one.owner->on = nullptr;
        one.owner->at = call::place::none;
        terms_->stats->lost.add();
        one.owner->fail(one.begins < sent ? outcome_unknown(why) : why);
    }
}

void link::end(call& one) noexcept {
    one.on = nullptr;
    one.at = call::place::none;
    one.finish();
}

} // namespace weir::redis::detail
