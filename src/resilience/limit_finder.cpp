// SPDX-License-Identifier: MIT
#include "resilience/limit_finder.hpp"

#include <algorithm>
#include <cmath>

namespace weir::resilience::detail {

namespace {

// These values performed best in the simulation in tests/resilience/adaptive_limit_simulation.cpp; see
// docs/decisions.md.
constexpr double smoothing = 0.5;
constexpr double smallest_gradient = 0.2;
constexpr std::array<double, traffic_classes> full_shares{1, 0.9, 0.7};
constexpr double smallest_share = 0.05;
constexpr double share_loss = 0.8;     // per window in which higher classes lost more than
constexpr double many_refusals = 0.05; // of their calls
constexpr double share_gain = 0.03;    // per window in which they lost less than
constexpr double few_refusals = 0.02;

constexpr double probe_part = 4;    // divides the limit: below the running calls, without the queued ones
constexpr double least_probed = 3;  // a lower limit becomes 1
constexpr double confirms = 1.2;    // times the known minimum latency
constexpr double still_falls = 0.8; // times the latency at four times the limit
constexpr std::uint64_t least_samples = 5;
constexpr duration shortest_patience = std::chrono::seconds(1);
constexpr int probe_patience = 20; // in minimum latencies
constexpr int rest_latencies = 50; // in latencies between probes, so that probes take little of the time

duration times(duration one, double factor) noexcept {
    const double product = static_cast<double>(one.count()) * factor;
    if (product >= static_cast<double>(duration::max().count())) return duration::max();
    return duration(static_cast<duration::rep>(product));
}

duration mean(duration sum, std::uint64_t count) noexcept {
    return sum / static_cast<duration::rep>(std::max<std::uint64_t>(count, 1));
}

} // namespace

limit_finder::limit_finder(const adaptive_limit_options& options)
    : tolerance_(options.tolerance), queue_(static_cast<double>(options.queue)),
      probe_interval_(options.probe_interval), least_latency_(options.least_latency),
      min_(static_cast<double>(options.min)), max_(static_cast<double>(options.max)),
      limit_(bounded(static_cast<double>(options.initial))), shares_(full_shares) {}

double limit_finder::bounded(double limit) const noexcept { return std::clamp(limit, min_, max_); }

duration limit_finder::unit() const noexcept { return std::max(min_latency(), least_latency_); }

// A class that has kept at least half of its share may always run one call.
double limit_finder::limit_of(traffic kind) const noexcept {
    const auto place = static_cast<std::size_t>(kind);
    const double room = (probe_ ? probe_->limit : limit_) * shares_[place];
    return shares_[place] < full_shares[place] / 2 ? room : std::max(room, 1.0);
}

void limit_finder::update(const latency_window& seen, time_point now) {
    move_shares(seen);
    refused_ = refused_ || seen.refusals() != 0;
    if (seen.ended == 0) return;
    const duration service = mean(seen.service, seen.ended);
    latency_ = weir::detail::sum(service, mean(seen.waited, seen.ended));
    learn(service);
    if (automatic_) move_limit(seen);
    if (now >= next_probe_) renew_min_latency(now);
}

// A new minimum is used at once.
void limit_finder::learn(duration service) noexcept {
    least_seen_ = std::min(least_seen_.value_or(service), service);
    min_latency_ = std::min(min_latency_.value_or(service), service);
}

// A limit that isn't reached tells nothing about higher ones.
void limit_finder::move_limit(const latency_window& seen) {
    if (seen.refusals() == 0 && seen.peak < limit_ / 2) return;
    const auto wanted = static_cast<double>(unit().count()) * tolerance_;
    const auto latency = static_cast<double>(std::max(latency_, unit()).count());
    const double gradient = std::max(wanted / latency, smallest_gradient); // at most the tolerance
    const double next = limit_ * gradient + std::max(queue_, std::sqrt(limit_));
    limit_ = bounded(limit_ + (next - limit_) * smoothing);
}

void limit_finder::move_shares(const latency_window& seen) noexcept {
    double offered = 0;
    double refused = 0;
    for (std::size_t kind = 1; kind < traffic_classes; ++kind) {
        offered += static_cast<double>(seen.offered[kind - 1]);
        refused += static_cast<double>(seen.refused[kind - 1]);
        double& share = shares_[kind];
        if (refused > offered * many_refusals)
            share = std::max(share * share_loss, smallest_share);
        else if (refused <= offered * few_refusals)
            share = std::min(share + share_gain, full_shares[kind]);
        share = std::min(share, shares_[kind - 1]);
    }
}

void limit_finder::renew_min_latency(time_point now) {
    if (refused_ && automatic_) return begin_probe(limit_, latency_, probes_ == 0, now);
    min_latency_ = least_seen_;
    schedule(now);
}

void limit_finder::begin_probe(double from, duration before, bool search, time_point now) {
    const double lower = from / probe_part;
    const duration patience = std::max(shortest_patience, times(min_latency(), probe_patience));
    probe_ = probe{lower < least_probed ? 1 : lower, before, search, weir::detail::later(now, patience)};
    ++probes_;
}

bool limit_finder::sample(duration service, time_point now) {
    probe& at = *probe_;
    ++at.ended;
    at.service = weir::detail::sum(at.service, service);
    if (at.ended < least_samples || static_cast<double>(at.ended) < at.limit) return false;
    conclude(now);
    return true;
}

// Lowers the limit further while that shortens the latency, unless the minimum is unchanged.
void limit_finder::conclude(time_point now) {
    const probe ended = *std::exchange(probe_, std::nullopt);
    if (ended.ended != 0) {
        const duration found = mean(ended.service, ended.ended);
        const bool differs = ended.search || found > times(min_latency(), confirms);
        if (differs && ended.limit > 1 && found < times(ended.before, still_falls))
            return begin_probe(ended.limit, found, true, now);
        min_latency_ = found;
    }
    schedule(now);
}

void limit_finder::schedule(time_point now) {
    next_probe_ = weir::detail::later(now, std::max(probe_interval_, times(latency_, rest_latencies)));
    least_seen_.reset();
    refused_ = false;
}

void limit_finder::set_bounds(std::size_t min, std::size_t max) {
    min_ = static_cast<double>(min);
    max_ = static_cast<double>(max);
    limit_ = bounded(limit_);
}

void limit_finder::hold(std::size_t limit) {
    automatic_ = false;
    probe_.reset();
    limit_ = static_cast<double>(limit);
}

} // namespace weir::resilience::detail
