// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/observe/log.hpp>
#include <weir/resilience/anomaly_detector.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A value that a closed_loop watches: a latency, an error rate, a loop's lag. `signals.hpp` derives them from metrics.
struct loop_signal {
    std::string name{};
    std::function<double()> read{}; ///< the value since the last read; NaN: nothing was measured
    anomaly_options detect{};
};

/// A value that a closed_loop adjusts: a limiter's rate, a bulkhead's limit. `tighten` and `relax` are factors; a knob
/// that should rise under load has `tighten` above 1 and `relax` below 1.
struct loop_knob {
    std::string name{};
    double least = 0; ///< bounds of the value
    double most = 0;
    std::function<double()> read{};
    std::function<void(double)> write{};
    double tighten = 0.7;
    double relax = 1.1;
};

enum class loop_mode : std::uint8_t {
    off,     ///< only watches
    propose, ///< reports what it would do
    apply,
};

struct closed_loop_event {
    enum class what : std::uint8_t { anomaly, usual, tightened, relaxed, proposed, adopted, pinned, released, failed };

    what kind = what::anomaly;
    std::string name{}; ///< the signal's or the knob's name
    double from = 0;
    double to = 0;
    std::string why{}; ///< a sentence for the log: `p99_ms is 12.1, usually 2.0 ± 0.2 (score 48)`
    wall_time at{};
};

std::string_view name(closed_loop_event::what kind) noexcept;

struct closed_loop_options {
    std::vector<loop_signal> signals{};
    std::vector<loop_knob> knobs{};
    loop_mode mode = loop_mode::apply;
    duration settle = std::chrono::seconds(5); ///< pause between two steps, so that the first can take effect
    duration relax_after =
        std::chrono::seconds(30); ///< time without an anomaly; doubles with each relapse, up to 8 times
    std::size_t history = 100;    ///< events kept
    logger log{};
    std::function<void(const closed_loop_event&)> on_event{}; ///< called by `tick`, `pin` and `release`
    const weir::clock* time = &system_clock();
};

/// Watches signals and tightens knobs while one is anomalous: by a factor every `settle`, within the knobs' bounds, and
/// not while the signal improves. When all signals have been usual for `relax_after`, it returns step by step to the
/// knobs' earlier values. Each step is logged with its reason and kept in the history. An operator has priority: `pin`
/// fixes a knob until `release`, `set_mode` makes the loop only propose, or stops it, and a knob changed elsewhere
/// keeps its new value. An exception of a signal or knob becomes an event; the others continue. Thread-safe; call
/// `tick` from one thread.
///
///     app.every("closed loop", 1s, [&] { control.tick(); });
class closed_loop {
public:
    /// Throws std::invalid_argument for invalid options, naming the signal or knob.
    explicit closed_loop(closed_loop_options options);
    closed_loop(const closed_loop&) = delete;
    closed_loop& operator=(const closed_loop&) = delete;

    /// Reads the signals and takes a step if one is due. Call it regularly, for example once per second.
    void tick();

    /// Fixes a knob within its bounds until `release`. errc::not_found; errc::invalid_argument for a value out of
    /// bounds.
    result<void> pin(std::string_view knob, double value);
    result<void> release(std::string_view knob);

    void set_mode(loop_mode mode);
    loop_mode mode() const;

    struct signal_state {
        std::string name{};
        anomaly_verdict verdict{};
    };
    struct knob_state {
        std::string name{};
        double value = 0;
        double home = 0; ///< the value it returns to
        bool pinned = false;
    };

    std::vector<signal_state> signals() const;
    std::vector<knob_state> knobs() const;
    /// The last events, oldest first.
    std::vector<closed_loop_event> history() const;

private:
    struct signal {
        const loop_signal* of;
        anomaly_detector detector;
        double sample = 0;     // of this tick
        double score_then = 0; // at the last decision on a step in this anomaly
        bool broken = false;   // reading it threw
    };
    struct knob {
        const loop_knob* of;
        double value = 0;
        double home = 0;
        bool known = false; // it has been read
        bool pinned = false;
        bool broken = false; // the last call threw
    };
    enum class step : std::uint8_t { none, tighten, relax };

    using events = std::vector<closed_loop_event>;
    using what = closed_loop_event::what;

    void check() const;
    void read_signals(events& out);
    void read_knobs(events& out);
    void know(knob& one, double value, events& out);
    void evaluate_signals(events& out);
    step next_step(time_point now);
    void move_knobs(step kind, events& out);
    void move(knob& one, step kind, const std::string& why, events& out);
    knob* find(std::string_view name);
    bool any_anomaly() const;
    void settle(time_point now);
    bool improves() const;
    bool all_home() const;
    std::string reason(step kind) const;
    void note(events& out, what kind, const std::string& name, double from, double to, std::string why) const;
    void publish(events all);

    const closed_loop_options options_;
    std::recursive_mutex
        steering_;             // held while knobs are read or set; recursive, because those callbacks may call back
    mutable std::mutex mutex_; // guards the following members; user code is never called under it
    std::vector<signal> signals_{};
    std::vector<knob> knobs_{};
    std::deque<closed_loop_event> history_{};
    loop_mode mode_;
    time_point step_after_ = time_point::min();
    std::optional<time_point> usual_since_{};
    duration patience_;
    bool relaxing_ = false; // the last step relaxed
};

} // namespace weir
