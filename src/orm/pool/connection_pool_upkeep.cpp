// SPDX-License-Identifier: MIT
// The housekeeping thread: everything that happens with time.
#include "orm/pool/connection_pool.hpp"

#include <algorithm>
#include <new>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

constexpr duration busy_tick = 10ms;
constexpr duration idle_tick = 1s;

} // namespace

void connection_pool::run_housekeeper() {
    name_thread("house");
    lock held(mutex_);
    while (!housekeeper_stops_) {
        housekeeper_dozes_ = who_.time->passes() && waiting_.empty() && lent_.empty() && leaving_.empty() &&
                             system_clock().now() - last_call_ > idle_tick;
        housekeeping_.wait_for(held, housekeeper_dozes_ ? idle_tick : busy_tick);
        tidy(held);
    }
}

void connection_pool::tidy(lock& held) {
    for (const loan& one : lent_) one.link->enforce();
    expire_calls(held);
    report_leaks(held);
    if (closed_ && waiting_.empty()) {
        closing_.request_stop();
        wake_.notify_all();
    }
    retire_idle(held);
    forget_gone(held);
    const time_point at = now();
    const bool to_ask = std::ranges::any_of(idle_, [&](const entry& one) { return due_for_question(one, at); });
    if (to_ask || may_open(held)) static_cast<void>(need_threads(held)); // the next call reports the failure
}

void connection_pool::expire_calls(lock& held) {
    const time_point at = now();
    ended_calls ended;
    // Reads the reason once per call: time passes meanwhile.
    std::erase_if(waiting_, [&](call* one) {
        error late = one->limits.reason();
        if (!late && at < one->gives_up_at) return false;
        if (!late) ++counts_.timeouts;
        ended.add(*one, std::move(late));
        return true;
    });
    if (ended.first == nullptr) return;
    const error none_free = no_connection(held);
    for (call* one = ended.first; one != nullptr; one = one->next)
        if (!one->why) one->why = none_free;
    complete(held, ended);
}

error connection_pool::no_connection(const lock&) const noexcept {
    const auto in_time = std::chrono::duration_cast<std::chrono::milliseconds>(options_.connection_timeout).count();
    try {
        return {errc::unavailable,
                "no connection to " + who_.title + " within " + std::to_string(in_time) +
                    " ms: " + std::to_string(lent_.size()) + " of " + std::to_string(options_.maximum_pool_size) +
                    " in use, " + std::to_string(waiting_.size()) + " more waiting"};
    } catch (const std::bad_alloc&) {
        return errc::unavailable;
    }
}

// Starts with the connection unused for longest.
void connection_pool::retire_idle(lock& held) {
    const time_point at = now();
    const auto unused = [&](const entry& one) {
        return options_.idle_timeout > duration::zero() &&
               idle_.size() > options_.minimum_idle.value_or(idle_.size()) &&
               at - one.last_used >= options_.idle_timeout;
    };
    discard_idle(held, [&](const entry& one) { return at >= one.retire_at || unused(one); });
}

// A silent connection is rarely alone, and asking the others one by one would take as long each: closes those that
// haven't answered since.
void connection_pool::discard_unanswered(lock& held, time_point since) {
    counts_.dropped +=
        discard_idle(held, [since](const entry& one) { return std::max(one.last_used, one.last_asked) < since; });
}

// Returns the number of discarded connections.
template<class Ended>
std::size_t connection_pool::discard_idle(lock& held, Ended ended) {
    std::size_t discarded = 0;
    for (auto found = std::ranges::find_if(idle_, ended); found != idle_.end();
         found = std::ranges::find_if(idle_, ended)) {
        entry last = std::move(*found);
        idle_.erase(found);
        discard(held, std::move(last));
        ++discarded;
    }
    return discarded;
}

void connection_pool::forget_gone(lock& held) {
    const auto gone = [](const auto& link) { return link->gone(); };
    for (auto found = std::ranges::find_if(leaving_, gone); found != leaving_.end();
         found = std::ranges::find_if(leaving_, gone)) {
        auto last = std::move(*found);
        leaving_.erase(found);
        held.unlock();
        last.reset();
        held.lock();
    }
}

void connection_pool::report_leaks(lock& held) {
    if (options_.leak_detection_threshold == duration::zero()) return;
    const time_point at = now();
    std::vector<pool_leak> found;
    for (loan& one : lent_) {
        if (!one.to || one.reported || at - one.since < options_.leak_detection_threshold) continue;
        one.reported = true;
        found.push_back({one.to->where, at - one.since});
    }
    counts_.leaks += found.size();
    if (found.empty() || !options_.on_leak) return;
    held.unlock();
    for (const pool_leak& leak : found) options_.on_leak(leak);
    held.lock();
}

} // namespace weir::orm
