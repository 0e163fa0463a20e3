// SPDX-License-Identifier: MIT
#include <weir/resilience/anomaly_detector.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

using namespace weir;

namespace {

// Feeds that many samples; returns how many were anomalous.
std::size_t feed(anomaly_detector& to, std::size_t samples, const std::function<double()>& next) {
    std::size_t anomalous = 0;
    for (std::size_t i = 0; i < samples; ++i) anomalous += to.add(next()).anomalous ? 1 : 0;
    return anomalous;
}

// Returns the number of samples until the verdict is `anomalous`; 1,000 if it never is.
std::size_t samples_until(anomaly_detector& in, bool anomalous, const std::function<double()>& next) {
    for (std::size_t i = 1; i < 1000; ++i)
        if (in.add(next()).anomalous == anomalous) return i;
    return 1000;
}

struct random_series {
    std::mt19937 random{7};

    std::function<double()> gaussian(double mean, double deviation) {
        return [this, mean, deviation] { return std::normal_distribution<>(mean, deviation)(random); };
    }
    std::function<double()> exponential(double mean) {
        return [this, mean] { return std::exponential_distribution<>(1 / mean)(random); };
    }
    std::function<double()> poisson(double mean) {
        return [this, mean] { return static_cast<double>(std::poisson_distribution<>(mean)(random)); };
    }
    std::function<double()> log_normal(double median, double sigma) {
        return [this, median, sigma] { return std::lognormal_distribution<>(std::log(median), sigma)(random); };
    }
};

} // namespace

TEST_CASE_FIXTURE(random_series, "a stationary series raises at most one false alarm in 10,000 samples") {
    const std::pair<const char*, std::function<double()>> all[] = {
        {"gaussian", gaussian(100, 10)}, {"tight gaussian", gaussian(100, 0.1)}, {"exponential", exponential(5)},
        {"poisson", poisson(3)},         {"rare events", poisson(0.2)},          {"log-normal", log_normal(2, 0.4)},
    };
    for (const auto& one : all) {
        INFO(one.first);
        anomaly_detector detector;
        std::size_t alarms = 0;
        bool before = false;
        for (int i = 0; i < 100'000; ++i) {
            const bool now = detector.add(one.second()).anomalous;
            alarms += now && !before ? 1 : 0;
            before = now;
        }
        CHECK(alarms <= 10);
    }
}

TEST_CASE_FIXTURE(random_series, "a step is detected after the samples that confirm it, and so is its end") {
    anomaly_detector detector;
    feed(detector, 200, gaussian(2, 0.2));
    CHECK(samples_until(detector, true, gaussian(10, 1)) == 3);
    CHECK(detector.last().score > 6);
    CHECK(detector.last().usual == doctest::Approx(2).epsilon(0.1));
    CHECK(feed(detector, 100, gaussian(10, 1)) == 100);
    CHECK(detector.last().usual == doctest::Approx(2).epsilon(0.1)); // anomalous samples aren't learned
    CHECK(samples_until(detector, false, gaussian(2, 0.2)) == 3);
}

TEST_CASE_FIXTURE(random_series, "a single outlier is no anomaly and hardly moves the usual value") {
    anomaly_detector detector;
    feed(detector, 200, gaussian(2, 0.2));
    const double before = detector.last().usual;
    for (int i = 0; i < 20; ++i) {
        CHECK(!detector.add(1000).anomalous);
        CHECK(feed(detector, 5, gaussian(2, 0.2)) == 0);
    }
    CHECK(detector.last().usual == doctest::Approx(before).epsilon(0.1));
}

TEST_CASE_FIXTURE(random_series, "a slow drift is followed") {
    anomaly_detector detector;
    double mean = 10;
    const auto drifting = [&] {
        mean *= 1.0005;
        return gaussian(mean, mean / 10)();
    };
    CHECK(feed(detector, 5000, drifting) == 0);
    CHECK(detector.last().usual > 50);
}

TEST_CASE_FIXTURE(random_series, "a persistent change becomes the usual state") {
    anomaly_detector detector({.accept_after = 50});
    feed(detector, 100, gaussian(2, 0.2));
    CHECK(samples_until(detector, true, gaussian(10, 1)) == 3);
    CHECK(samples_until(detector, false, gaussian(10, 1)) == 49);
    CHECK(feed(detector, 500, gaussian(10, 1)) == 0);
    CHECK(samples_until(detector, true, gaussian(50, 1)) == 3);
}

TEST_CASE_FIXTURE(random_series, "a detector looks for rises, falls or both") {
    using direction = anomaly_options::direction;
    struct row {
        direction looks_for;
        bool finds_rise;
        bool finds_fall;
    };
    for (const auto& [looks_for, finds_rise, finds_fall] :
         {row{direction::rises, true, false}, row{direction::falls, false, true}, row{direction::either, true, true}}) {
        anomaly_detector rising({.looks_for = looks_for});
        feed(rising, 100, gaussian(100, 5));
        anomaly_detector falling = rising;
        CHECK((feed(rising, 10, gaussian(300, 5)) > 0) == finds_rise);
        CHECK((feed(falling, 10, gaussian(10, 5)) > 0) == finds_fall);
    }
}

TEST_CASE_FIXTURE(random_series, "a rise up to the tolerated value is no anomaly, one beyond it is") {
    anomaly_detector detector({.tolerated = 5});
    feed(detector, 200, gaussian(2, 0.1));
    anomaly_detector other = detector;
    CHECK(feed(detector, 100, gaussian(4, 0.1)) == 0);
    CHECK(samples_until(other, true, gaussian(6, 0.1)) == 3);
}

TEST_CASE("a constant series isn't anomalous until it changes") {
    anomaly_detector zeros;
    CHECK(feed(zeros, 1000, [] { return 0.0; }) == 0);
    CHECK(feed(zeros, 2, [] { return 1.0; }) == 0);
    CHECK(zeros.add(1).anomalous);
    CHECK(std::isfinite(zeros.last().score));

    anomaly_detector steady;
    CHECK(feed(steady, 1000, [] { return 100.0; }) == 0);
    CHECK(feed(steady, 1000, [] { return 104.0; }) == 0); // within least_deviation
}

TEST_CASE("samples that aren't finite change nothing") {
    anomaly_detector detector;
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    feed(detector, 100, [] { return 1.0; });
    feed(detector, 2, [] { return 100.0; });
    CHECK(!detector.add(nothing).anomalous);
    CHECK(!detector.add(std::numeric_limits<double>::infinity()).anomalous);
    CHECK(detector.last().value == 100);
    CHECK(detector.add(100).anomalous); // the third one
    detector.reset();
    CHECK(!detector.last().anomalous);
    CHECK(feed(detector, 29, [] { return 100.0; }) == 0);
}

TEST_CASE("huge and tiny samples don't overflow") {
    anomaly_detector detector;
    feed(detector, 100, [] { return 1e-320; });
    for (int i = 0; i < 10; ++i) CHECK(!std::isnan(detector.add(1e308).score));
    detector.reset();
    feed(detector, 100, [] { return 1e308; });
    for (int i = 0; i < 10; ++i) CHECK(!std::isnan(detector.add(-1e308).score));
}

TEST_CASE("invalid options are refused by name") {
    const auto refusal = [](const anomaly_options& options) {
        try {
            const anomaly_detector made(options);
            return std::string("accepted");
        } catch (const std::invalid_argument& why) {
            return std::string(why.what());
        }
    };
    CHECK(refusal({.threshold = 0}) == "anomaly_options: threshold: accepted more than 0");
    CHECK(refusal({.threshold = std::numeric_limits<double>::quiet_NaN()}).find("threshold") != std::string::npos);
    CHECK(refusal({.confirm = 0}).find("confirm") != std::string::npos);
    CHECK(refusal({.warm_up = 2}).find("warm_up") != std::string::npos);
    CHECK(refusal({.weight = 0}).find("weight") != std::string::npos);
    CHECK(refusal({.weight = 1.1}).find("weight") != std::string::npos);
    CHECK(refusal({.least_deviation = -1}).find("least_deviation") != std::string::npos);
    CHECK(refusal({}) == "accepted");
}
