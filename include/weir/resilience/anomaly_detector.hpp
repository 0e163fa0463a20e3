// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace weir {

struct anomaly_options {
    enum class direction : std::uint8_t { rises, falls, either };

    direction looks_for = direction::rises;
    double threshold = 6;          ///< deviations from the usual value that are too many; above 0
    std::size_t confirm = 3;       ///< consecutive samples that begin or end an anomaly; at least 1
    std::size_t warm_up = 30;      ///< samples before the first verdict; at least 3
    double weight = 0.02;          ///< of a new sample in the usual value; above 0, at most 1
    double least_deviation = 0.05; ///< minimum deviation, as a part of the usual value, for steady series
    /// Values up to this are never an anomaly; for example a promised latency.
    double tolerated = std::numeric_limits<double>::lowest();
    std::size_t accept_after = 600; ///< samples after which an anomaly becomes the usual state
};

/// The detector's verdict on a sample. `deviation` and `score` are 0 during the warm-up.
struct anomaly_verdict {
    double value = 0;
    double usual = 0;     ///< the expected value, from the samples so far
    double deviation = 0; ///< typical distance from `usual` (the standard deviation of Gaussian samples)
    double score = 0;     ///< the value's distance from `usual` in deviations; negative below it
    bool anomalous = false;
};

/// Detects when a series of samples leaves its usual range: a robust z-score over an exponentially weighted mean and
/// mean absolute deviation, initialised with the median and the median absolute deviation of the warm-up. An outlier
/// counts as one of three deviations; anomalous samples don't count until the anomaly has lasted so long that it
/// becomes the usual state. Costs a few floating-point operations per sample. Not thread-safe. Invalid options throw
/// std::invalid_argument.
class anomaly_detector {
public:
    explicit anomaly_detector(anomaly_options options = {});

    /// Evaluates the next sample. A sample that isn't finite (nothing was measured) is ignored.
    const anomaly_verdict& add(double sample);

    const anomaly_verdict& last() const noexcept { return last_; }

    /// Resets everything but the options.
    void reset();

private:
    void warm_up(double sample);
    double score_of(double sample) const noexcept;
    double least_or_more() const noexcept;
    bool is_outside(double sample, double score) const noexcept;
    void learn(double sample) noexcept;
    void update_state(bool outside);

    anomaly_options options_;
    std::vector<double> first_; // samples of the warm-up
    anomaly_verdict last_{};
    std::size_t against_ = 0; // consecutive samples that contradict the present verdict
    std::size_t lasted_ = 0;  // length of the anomaly in samples
};

} // namespace weir
