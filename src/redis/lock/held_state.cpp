// SPDX-License-Identifier: MIT
#include "redis/lock/held_state.hpp"

#include <weir/core/deadline.hpp>

#include <algorithm>

namespace weir::redis {

namespace detail {

namespace {

task<void> release_once(std::shared_ptr<lock_core> core, lock_claim claim) {
    auto releasing = core->release(claim);
    (void)co_await std::move(releasing); // if it fails, Redis drops the lock after its ttl
}

error lock_lost() { return error(errc::conflict, "the lock was lost").with_code("lock_lost"); }

} // namespace

void release_in_background(loop& home, std::shared_ptr<lock_core> core, lock_claim claim) noexcept {
    try {
        home.spawn_background(release_once(std::move(core), std::move(claim)), {});
    } catch (...) { // Redis drops the lock after its ttl
    }
}

held_state::held_state(loop& home, std::shared_ptr<lock_core> core, lock_claim claim, std::uint64_t fencing,
                       time_point sent)
    : home_(&home), core_(std::move(core)), claim_(std::move(claim)), fencing_(fencing),
      valid_until_(valid_until(sent, claim_.ttl)), renewed_at_(sent), context_(home) {
    core_->change_held(1);
}

time_point held_state::valid_until(time_point sent, duration ttl) noexcept {
    return sent + ttl - ttl / 100 - std::chrono::milliseconds(2);
}

void held_state::start_renewal() {
    const auto self = shared_from_this();
    const auto ended = [self](std::exception_ptr thrown) {
        if (thrown) self->lose(); // without memory there is no renewal
    };
    home_->spawn(keep_renewing(renewal(self)), context_, stop_, ended);
    context_.keep_while_held(self);
}

task<void> held_state::keep_renewing(renewal own) {
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    held_state& held = *own.of;
    time_point next = held.renewed_at_ + held.claim_.ttl / 3;
    while (!held.over_) {
        auto slept = co_await sleep_until(std::min(next, held.valid_until_));
        if (!slept || held.over_) co_return;
        auto after = co_await held.renew_once();
        if (!after) co_return;
        next = *after;
    }
}

// Returns the time of the next renewal, or nothing if there is none.
task<std::optional<time_point>> held_state::renew_once() {
    const time_point sent = home_->clock().now();
    if (sent >= valid_until_) {
        lose();
        co_return std::nullopt;
    }
    auto renewing = core_->renew(claim_);
    const auto renewed = co_await with_deadline(valid_until_, std::move(renewing));
    co_return note_renewal(sent, renewed);
}

std::optional<time_point> held_state::note_renewal(time_point sent, const result<bool>& renewed) {
    if (over_) return std::nullopt;
    const bool failed = !renewed && renewed.error() != errc::cancelled;
    if (failed) {
        core_->count(lock_core::failed_renewals);
        return home_->clock().now() + claim_.ttl / 20;
    }
    if (!renewed || !*renewed) {
        lose();
        return std::nullopt;
    }
    core_->count(lock_core::renewed);
    renewed_at_ = sent;
    valid_until_ = valid_until(sent, claim_.ttl);
    return sent + claim_.ttl / 3;
}

void held_state::lose() noexcept {
    if (over_) return;
    lost_ = true;
    core_->count(lock_core::lost);
    end();
}

void held_state::end() noexcept {
    over_ = true;
    core_->change_held(-1);
    ended_.close();
}

task<result<void>> held_state::release(std::shared_ptr<held_state> self) {
    if (self->lost()) {
        self->abandon();
        co_return lock_lost();
    }
    if (self->over_) co_return ok();
    self->end();
    self->stop_.emit(boost::asio::cancellation_type::total);
    auto releasing = self->core_->release(self->claim_);
    const auto released = co_await std::move(releasing);
    if (!released) {
        const executor here = co_await this_task; // home_ is forgotten once the renewal has ended
        release_in_background(here.context().loop(), self->core_, self->claim_);
        co_return released.error();
    }
    if (!*released) co_return lock_lost();
    co_return ok();
}

void held_state::abandon() noexcept {
    if (over_) return;
    if (lost())
        lose();
    else
        end();
    if (!home_) return;
    release_in_background(*home_, core_, claim_);
    stop_.emit(boost::asio::cancellation_type::total);
}

} // namespace detail

held_lock& held_lock::operator=(held_lock&& other) noexcept {
    if (this == &other) return *this;
    if (state_) state_->abandon();
    state_ = std::move(other.state_);
    return *this;
}

held_lock::~held_lock() {
    if (state_) state_->abandon();
}

std::uint64_t held_lock::fencing_token() const noexcept { return state_ ? state_->fencing() : 0; }

bool held_lock::lost() const noexcept { return !state_ || state_->lost(); }

namespace {

task<result<void>> wait_for_end(std::shared_ptr<detail::held_state> state) {
    if (!state) co_return ok();
    auto ended = co_await state->ended().receive();
    if (ended || ended.error().code() == "closed") co_return ok();
    co_return ended.error();
}

task<result<void>> release_state(std::shared_ptr<detail::held_state> state) {
    if (!state) co_return ok();
    co_return co_await detail::held_state::release(state);
}

} // namespace

task<result<void>> held_lock::until_lost() const { return wait_for_end(state_); }

task<result<void>> held_lock::release() { return release_state(state_); }

} // namespace weir::redis
