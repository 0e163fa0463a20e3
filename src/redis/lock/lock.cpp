// SPDX-License-Identifier: MIT
#include "redis/lock/held_state.hpp"
#include "resilience/random_fraction.hpp"
#include <weir/core/task_group.hpp>
#include <weir/redis/lock.hpp>

#include <algorithm>

namespace weir::redis {

namespace detail {

namespace {

using taken = std::pair<int, std::uint64_t>;

/// An attempt to take a lock. If it ends while Redis may have granted the lock, the lock is released.
class lock_attempt {
public:
    lock_attempt(loop& home, std::shared_ptr<lock_core> core, const std::string& name, duration ttl)
        : home_(home), core_(std::move(core)), claim_(core_->claim_of(name, ttl)) {}
    lock_attempt(const lock_attempt&) = delete;
    lock_attempt& operator=(const lock_attempt&) = delete;
    ~lock_attempt() {
        if (maybe_granted_) release_in_background(home_, core_, claim_);
    }

    task<result<taken>> ask() {
        sent_ = home_.clock().now();
        maybe_granted_ = true;
        return core_->take(claim_);
    }

    /// Returns the lock if it was granted in time.
    std::optional<held_lock> note(const result<taken>& said) {
        if (!said) {
            const error& why = said.error();
            maybe_granted_ =
                why == errc::cancelled || why == errc::deadline_exceeded || why.code() == outcome_unknown_code;
            return std::nullopt;
        }
        maybe_granted_ = said->first == 1;
        if (!maybe_granted_ || home_.clock().now() >= held_state::valid_until(sent_, claim_.ttl)) return std::nullopt;
        auto state = std::make_shared<held_state>(home_, core_, claim_, said->second, sent_);
        state->start_renewal();
        maybe_granted_ = false;
        core_->count(lock_core::acquired);
        return held_lock(std::move(state));
    }

    duration pause(duration most) const noexcept {
        const double spread = 0.5 + resilience::detail::random_fraction(core_->options().random);
        const auto poll = static_cast<double>(core_->options().poll.count()) * spread;
        return std::min(most, duration(static_cast<duration::rep>(std::min(poll, 4e18))));
    }

private:
    loop& home_;
    const std::shared_ptr<lock_core> core_;
    const lock_claim claim_;
    time_point sent_{};
    bool maybe_granted_ = false;
};

bool may_pass(const error& why) noexcept {
    return why == errc::unavailable || why == errc::resource_exhausted || why == errc::deadline_exceeded;
}

error lock_held() { return error(errc::conflict, "the lock is held by another holder").with_code("lock_held"); }

} // namespace

task<result<held_lock>> acquire_lock(std::shared_ptr<lock_core> core, std::string name, duration ttl, duration wait) {
    if (auto refused = check_claim(name, ttl, wait)) co_return refused;
    const executor here = co_await this_task;
    loop& home = here.context().loop();
    const time_point give_up_at = weir::detail::later(home.clock().now(), wait);
    lock_attempt attempt(home, core, name, ttl);
    while (true) {
        auto asking = attempt.ask();
        const auto said = co_await std::move(asking);
        auto held = attempt.note(said);
        if (held) co_return std::move(*held);
        if (!said && !may_pass(said.error())) co_return said.error();
        const time_point now = home.clock().now();
        if (now >= give_up_at) {
            if (!said) co_return said.error();
            core->count(lock_core::refused);
            co_return lock_held();
        }
        auto slept = co_await sleep_for(attempt.pause(give_up_at - now));
        if (!slept) co_return slept.error();
    }
}

task<result<held_lock>> acquire_lock(std::shared_ptr<lock_core> core, std::string name) {
    const lock_options& with = core->options();
    const duration ttl = with.ttl;
    const duration wait = with.wait;
    return acquire_lock(std::move(core), std::move(name), ttl, wait);
}

namespace {

task<result<void>> fail_when_lost(held_lock& held) {
    auto waited = co_await held.until_lost();
    if (!waited) co_return waited.error();
    if (held.lost()) co_return error(errc::conflict, "the lock was lost").with_code("lock_lost");
    co_return ok();
}

} // namespace

task<result<void>> run_while_held(held_lock& held, task<void> work) {
    auto body = [&](task_group& group) -> task<result<void>> {
        group.spawn(fail_when_lost(held));
        co_await std::move(work);
        const auto released = co_await held.release();
        if (!released && released.error().code() == "lock_lost") co_return released.error();
        co_return ok(); // if the release has failed, Redis drops the lock after its ttl
    };
    co_return co_await with_group(body);
}

} // namespace detail

lock::lock(client& on, lock_options options)
    : core_(std::make_shared<detail::lock_core>(on.target(), std::move(options))) {}

lock_stats lock::stats() const noexcept { return core_->stats(); }

} // namespace weir::redis
