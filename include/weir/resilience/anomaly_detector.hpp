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
    double threshold = 6;          ///< deviations from the usual value that are too many; more than 0
    std::size_t confirm = 3;       ///< samples in a row that begin an anomaly, or end it; 1 and more
    std::size_t warm_up = 30;      ///< samples before the first verdict; 3 and more
    double weight = 0.02;          ///< of a new sample in the usual value; above 0, up to 1
    double least_deviation = 0.05; ///< as a part of the usual value: a steady series isn't judged more strictly
    /// A rise to no more than this is no anomaly, however unusual: the latency that was promised, say.
    double tolerated = std::numeric_limits<double>::lowest();
    std::size_t accept_after = 600; ///< samples of an anomaly after which it is the usual state
};

/// What a sample means. `deviation` and `score` are 0 before the warm-up is over.
struct anomaly_verdict {
    double value = 0;
    double usual = 0;     ///< what is expected, from the samples so far
    double deviation = 0; ///< how far samples are usually from that (a standard deviation where they are Gaussian)
    double score = 0;     ///< the value's distance from the usual one, in deviations; negative below it
    bool anomalous = false;
};

/// Finds out when a series of samples leaves its usual range: a robust z-score over an exponentially weighted mean and
/// mean absolute deviation, which begins with the median and the median absolute deviation of the warm-up. An outlier
/// counts as one of three deviations, and an anomaly counts for nothing, until it has lasted for so long
/// that it is the usual state. Costs a few floating-point operations a sample. Not thread-safe. Options that make no
/// sense throw std::invalid_argument.
class anomaly_detector {
public:
    explicit anomaly_detector(anomaly_options options = {});

    /// Judges the next sample. One that is no finite number (nothing was measured) changes nothing.
    const anomaly_verdict& add(double sample);

    const anomaly_verdict& last() const noexcept { return last_; }

    /// Forgets everything but the options.
    void reset();

private:
    void warm_up(double sample);
    double score_of(double sample) const noexcept;
    double least_or_more() const noexcept;
    bool is_outside(double sample, double score) const noexcept;
    void learn(double sample) noexcept;
    void judge(bool outside);

    anomaly_options options_;
    std::vector<double> first_; // of the warm-up
    anomaly_verdict last_{};
    std::size_t against_ = 0; // samples in a row that speak against the present verdict
    std::size_t lasted_ = 0;  // samples of the anomaly
};

} // namespace weir
