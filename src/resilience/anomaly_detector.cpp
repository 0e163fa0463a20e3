// SPDX-License-Identifier: MIT
#include <weir/resilience/anomaly_detector.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

namespace weir {

namespace {

// Factors that convert a mean or median absolute deviation to a standard deviation, for Gaussian samples.
constexpr double of_mean_deviation = 1.2533;
constexpr double of_median_deviation = 1.4826;
constexpr double most_deviations_learned = 3;

void require(bool holds, const char* option, const char* accepted) {
    if (!holds) throw std::invalid_argument(std::string("anomaly_options: ") + option + ": accepted " + accepted);
}

double median_of(std::vector<double>& all) {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::ranges::nth_element(all, middle);
    return *middle;
}

double mean_of(const std::vector<double>& all) {
    return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

} // namespace

anomaly_detector::anomaly_detector(anomaly_options options) : options_(options) {
    require(options.threshold > 0, "threshold", "more than 0");
    require(options.confirm >= 1, "confirm", "1 or more");
    require(options.warm_up >= 3, "warm_up", "3 or more");
    require(options.weight > 0 && options.weight <= 1, "weight", "more than 0 and up to 1");
    require(options.least_deviation >= 0 && std::isfinite(options.least_deviation), "least_deviation", "0 or more");
    first_.reserve(options.warm_up);
}

void anomaly_detector::reset() {
    first_.clear();
    last_ = {};
    against_ = lasted_ = 0;
}

const anomaly_verdict& anomaly_detector::add(double sample) {
    if (!std::isfinite(sample)) return last_;
    last_.value = sample;
    if (first_.size() < options_.warm_up) {
        warm_up(sample);
        return last_;
    }
    last_.score = score_of(sample);
    const bool outside = is_outside(sample, last_.score);
    if (!last_.anomalous) learn(sample);
    update_state(outside);
    return last_;
}

// Computes the usual value and deviation after the last sample of the warm-up.
void anomaly_detector::warm_up(double sample) {
    first_.push_back(sample);
    if (first_.size() < options_.warm_up) return;
    auto all = first_;
    last_.usual = median_of(all);
    for (double& one : all) one = std::abs(one - last_.usual);
    last_.deviation = median_of(all) * of_median_deviation;
    if (last_.deviation == 0) last_.deviation = mean_of(all) * of_mean_deviation; // most samples were equal
}

double anomaly_detector::score_of(double sample) const noexcept {
    if (sample == last_.usual) return 0;
    return (sample - last_.usual) / std::max(least_or_more(), 1e-300); // a constant series of zeros has no deviation
}

double anomaly_detector::least_or_more() const noexcept {
    return std::max(last_.deviation, std::abs(last_.usual) * options_.least_deviation);
}

bool anomaly_detector::is_outside(double sample, double score) const noexcept {
    using direction = anomaly_options::direction;
    const bool above =
        score > options_.threshold && sample > options_.tolerated && options_.looks_for != direction::falls;
    const bool below = score < -options_.threshold && options_.looks_for != direction::rises;
    return above || below;
}

void anomaly_detector::learn(double sample) noexcept {
    const double most = most_deviations_learned * least_or_more();
    double distance = sample - last_.usual;
    if (most > 0) distance = std::clamp(distance, -most, most); // otherwise only one value of the series is known
    last_.usual += options_.weight * distance;
    last_.deviation += options_.weight * (std::abs(distance) * of_mean_deviation - last_.deviation);
}

// An anomaly begins or ends after enough consecutive samples.
void anomaly_detector::update_state(bool outside) {
    against_ = outside == last_.anomalous ? 0 : against_ + 1;
    if (against_ >= options_.confirm) {
        last_.anomalous = outside;
        against_ = lasted_ = 0;
    }
    if (!last_.anomalous || ++lasted_ < options_.accept_after) return;
    const double now = last_.value;
    reset();
    last_.value = last_.usual = now;
}

} // namespace weir
