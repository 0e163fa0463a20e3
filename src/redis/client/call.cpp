// SPDX-License-Identifier: MIT
#include "redis/link/link.hpp"
#include <weir/redis/detail/call.hpp>
#include <weir/redis/detail/perform.hpp>

#include <algorithm>
#include <utility>

namespace weir::redis::detail {

call::~call() {
    if (on) on->abandon(*this, false);
}

void call::finish() noexcept {
    ended = true;
    done();
}

void call::fail(error why) noexcept {
    failure = std::move(why);
    finish();
}

void call::done() noexcept {
    if (!group || --group->left != 0) return;
    if (group->task->claim(weir::detail::wake_cause::peer)) group->task->wake();
}

bool calling::attempt_or_wait(weir::detail::parked_task& task, std::uint32_t) noexcept {
    group_.task = &task;
    group_.left = all_.size() + 1; // no end before the task waits
    for (call* const one : all_) {
        one->group = &group_;
        to_->submit(*one, *home_);
    }
    return over_ = --group_.left == 0;
}

void calling::leave() noexcept {
    const bool late = group_.task && group_.task->cause() == weir::detail::wake_cause::deadline;
    for (call* const one : all_)
        if (one->on) one->on->abandon(*one, late);
}

void calling::end_with(weir::detail::channel_end how) noexcept {
    over_ = true;
    const bool late = how == weir::detail::channel_end::late;
    for (call* const one : all_) {
        if (one->ended) continue;
        one->ended = true;
        one->failure = late ? errc::deadline_exceeded : errc::cancelled;
        if (!late || !one->reached_server) continue;
        try {
            one->failure = std::move(one->failure).with_code(std::string(outcome_unknown_code));
        } catch (...) {
            one->failure = current_error();
        }
    }
}

void prepare(call& one, const command& from) noexcept {
    one.bytes = from.encoded();
    one.from = &from;
}

std::int64_t milliseconds(duration time) noexcept {
    return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

command set_command(command begun, duration ttl) {
    if (ttl != duration::max()) begun.add("PX").add(milliseconds(ttl));
    return begun;
}

} // namespace weir::redis::detail
