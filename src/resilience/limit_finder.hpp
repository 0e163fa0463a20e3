// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/adaptive_limit.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace weir::resilience::detail {

using class_counts = std::array<std::uint64_t, traffic_classes>;

/// What a window of time saw.
struct latency_window {
    class_counts offered{};
    class_counts refused{};
    std::uint64_t ended = 0; // calls whose latency counts
    duration service{};      // the sum of theirs, from their permit on
    duration waited{};       // the sum of what they had waited before
    double peak = 0;         // of the calls in flight and those that waits stand for
    duration length{};

    std::uint64_t refusals() const noexcept { return refused[0] + refused[1] + refused[2]; }
};

/// Finds the limit from windows of latency. The least latency is a window's mean while nothing is refused, and is
/// otherwise found by a probe: the limit goes down until what was in flight has left, and so does what waits elsewhere.
/// Decides without time or locks of its own.
class limit_finder {
public:
    explicit limit_finder(const adaptive_limit_options& options);

    /// Moves the limit and the classes' shares. Begins a probe where it is time for one.
    void update(const latency_window& seen, time_point now);

    bool probing() const noexcept { return probe_.has_value(); }
    /// A call that began and ended during the probe; true when there were enough and it went on or ended.
    bool sample(duration service, time_point now);
    /// When a probe ends with what it has.
    time_point probe_end() const noexcept { return probe_->end; }
    void expire(time_point now) { conclude(now); }

    /// What a class may fill at present.
    double limit_of(traffic kind) const noexcept;
    double limit() const noexcept { return limit_; }
    double share(traffic kind) const noexcept { return shares_[static_cast<std::size_t>(kind)]; }
    /// Zero until it is known.
    duration min_latency() const noexcept { return min_latency_.value_or(duration::zero()); }
    duration latency() const noexcept { return latency_; }
    /// At least `least_latency`.
    duration unit() const noexcept;
    std::uint64_t probes() const noexcept { return probes_; }
    bool automatic() const noexcept { return automatic_; }

    void set_bounds(std::size_t min, std::size_t max);
    void hold(std::size_t limit);
    void resume() noexcept { automatic_ = true; }

private:
    struct probe {
        double limit;
        duration before; // the latency with the limit before this one
        bool search;     // whatever it finds isn't known yet
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
