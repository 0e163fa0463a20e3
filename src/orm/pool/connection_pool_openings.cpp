// SPDX-License-Identifier: MIT
// When the pool opens connections, and what it does when that fails.
#include "orm/pool/connection_pool.hpp"

#include <algorithm>
#include <cmath>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

constexpr duration first_open_pause = 50ms;
constexpr duration longest_open_pause = 500ms;
// An opening that takes longer may have met a silent server or network: the pool begins another one beside it.
constexpr duration opens_within = 500ms;
// If all connections are leaving, the pool opens no new one for this long.
constexpr duration leaving_holds_all = 1s;

constexpr double jitter = 0.025;
constexpr double golden_ratio = 0.618033988749895; // its multiples modulo 1 are evenly spread, whatever their number

} // namespace

std::size_t connection_pool::openings_in_time(const lock&) const {
    const time_point at = now();
    return static_cast<std::size_t>(
        std::ranges::count_if(openings_, [at](time_point began) { return at - began < opens_within; }));
}

// A middlebox may keep a cut connection from ever closing: after a while the pool opens one beside them.
bool connection_pool::only_leaving(const lock& held) const {
    return lent_.empty() && idle_.empty() && openings_in_time(held) == 0 && now() - last_cut_ >= leaving_holds_all;
}

bool connection_pool::may_open(const lock& held) const {
    if (now() < open_again_at_ || (total(held) >= options_.maximum_pool_size && !only_leaving(held))) return false;
    const std::size_t ready = idle_.size() + looked_at_;
    return waiting_.size() > ready + openings_in_time(held) ||
           (!closed_ && ready + openings_.size() < options_.minimum_idle.value_or(0));
}

// After this, keeping, lending and dropping connections allocates no memory: nothing there catches bad_alloc.
void connection_pool::make_room(lock& held) {
    const std::size_t connections = total(held) + 1;
    idle_.reserve(connections);
    lent_.reserve(connections);
    leaving_.reserve(connections);
    openings_.reserve(connections);
}

void connection_pool::open_one(lock& held) {
    try {
        make_room(held);
    } catch (...) {
        return give_up_opening(held, now(), errc::unavailable);
    }
    const time_point began = now();
    openings_.push_back(began);
    held.unlock();
    auto opened = open_(closing_.get_token());
    held.lock();
    openings_.erase(std::ranges::find(openings_, began));
    if (!opened) return give_up_opening(held, began, opened.error());
    ++counts_.opened;
    open_pause_ = {};
    const time_point at = now();
    counts_.creation += at - began;
    keep(held, {std::move(*opened), retirement(), at, at});
}

// Up to 2.5 % earlier than max_lifetime, so that connections opened together aren't all replaced at once.
time_point connection_pool::retirement() {
    if (options_.max_lifetime == duration::zero()) return time_point::max();
    spread_ += golden_ratio;
    spread_ -= std::floor(spread_);
    const auto earlier = static_cast<double>(options_.max_lifetime.count()) * jitter * spread_;
    return weir::detail::later(now(), options_.max_lifetime - duration(static_cast<duration::rep>(earlier)));
}

// Delays the next attempt, unless this one took long enough. Fails the waiting calls: the node is down. While other
// attempts are under way, fails only the calls that have waited as long as this one.
void connection_pool::give_up_opening(lock& held, time_point began, error why) {
    open_pause_ = std::clamp(open_pause_ * 2, first_open_pause, longest_open_pause);
    open_again_at_ = began + open_pause_;
    if (total(held) == 0) return end_waiting(held, why);
    if (total(held) == openings_.size() && now() - began >= opens_within) end_waiting(held, why, began);
}

} // namespace weir::orm
