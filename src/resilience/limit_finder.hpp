// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/adaptive_limit.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace weir::resilience::detail {

using class_counts = std::array<std::uint64_t, traffic_classes>;

/// The measurements of one window.
struct latency_window {
    class_counts offered{};
    class_counts refused{};
    std::uint64_t ended = 0; // calls whose latency counts
    duration service{};      // sum of their times since they were admitted
    duration waited{};       // sum of their waits before that
    double peak = 0;         // of calls in flight plus calls estimated from waits
    duration length{};

    std::uint64_t refusals() const noexcept { return refused[0] + refused[1] + refused[2]; }
};

/// Derives the limit from windows of latencies. The minimum latency is a window's mean while nothing is refused, and is
/// otherwise measured by a probe: the limit is lowered until calls in flight and queues elsewhere have drained. Pure
/// computation: reads no clock and takes no lock.
class limit_finder {
public:
    explicit limit_finder(const adaptive_limit_options& options);

    /// Adjusts the limit and the classes' shares. Begins a probe if one is due.
    void update(const latency_window& seen, time_point now);

    bool probing() const noexcept { return probe_.has_value(); }
    /// Adds a call that began and ended during the probe; returns true if that advanced or ended the probe.
    bool sample(duration service, time_point now);
    /// When the probe ends with the samples it has.
    time_point probe_end() const noexcept { return probe_->end; }
    void expire(time_point now) { conclude(now); }

    /// The number of calls that a class may run at present.
    double limit_of(traffic kind) const noexcept;
    double limit() const noexcept { return limit_; }
    double share(traffic kind) const noexcept { return shares_[static_cast<std::size_t>(kind)]; }
    /// Zero until measured.
    duration min_latency() const noexcept { return min_latency_.value_or(duration::zero()); }
    duration latency() const noexcept { return latency_; }
    /// The minimum latency, but at least `least_latency`.
    duration unit() const noexcept;
    std::uint64_t probes() const noexcept { return probes_; }
    bool automatic() const noexcept { return automatic_; }

    void set_bounds(std::size_t min, std::size_t max);
    void hold(std::size_t limit);
    void resume() noexcept { automatic_ = true; }

private:
    struct probe {
        double limit;
        duration before; // the latency at the previous limit
        bool search;     // accept any result, because the minimum isn't known yet
        time_point end;
        std::uint64_t ended = 0;
        duration service{};
    };

    void learn(duration service) noexcept;
    void move_limit(const latency_window& seen);
    void move_shares(const latency_window& seen) noexcept;
    void renew_min_latency(time_point now);
    void begin_probe(double from, duration before, bool search, time_point now);
    void conclude(time_point now);
    void schedule(time_point now);
    double bounded(double limit) const noexcept;

    const double tolerance_;
    const double queue_;
    const duration probe_interval_;
    const duration least_latency_;
    double min_;
    double max_;
    double limit_;
    std::array<double, traffic_classes> shares_;
    std::optional<duration> min_latency_{};
    std::optional<duration> least_seen_{}; // of the windows since the last probe
    std::optional<probe> probe_{};
    duration latency_{};
    time_point next_probe_ = time_point::min();
    bool refused_ = false; // since the last probe
    bool automatic_ = true;
    std::uint64_t probes_ = 0;
};

} // namespace weir::resilience::detail
