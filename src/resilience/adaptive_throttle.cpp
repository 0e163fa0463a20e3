// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include "resilience/outcome_window.hpp"
#include "resilience/random_fraction.hpp"
#include <weir/resilience/adaptive_throttle.hpp>

#include <atomic>
#include <cmath>
#include <mutex>

namespace weir {

using resilience::detail::call_counts;
using resilience::detail::check_option;
using resilience::detail::outcome_window;

namespace {

using namespace std::chrono_literals;

adaptive_throttle_options checked(adaptive_throttle_options given) {
    check_option(std::isfinite(given.multiplier) && given.multiplier >= 1, "adaptive_throttle_options.multiplier",
                 given.multiplier, "1 or more");
    check_option(given.window >= 1ms && given.window <= 24h, "adaptive_throttle_options.window",
                 fmt::format("{} ns", given.window.count()), "1 ms to 24 h");
    check_option(given.time != nullptr, "adaptive_throttle_options.time", "nullptr", "a clock");
    return given;
}

bool is_rejection(errc kind) noexcept {
    return kind == errc::unavailable || kind == errc::resource_exhausted || kind == errc::deadline_exceeded;
}

std::uint64_t accepts(const call_counts& seen) noexcept { return seen.calls - seen.failures; }

double rejection_probability(const call_counts& seen, double multiplier) noexcept {
    const auto requests = static_cast<double>(seen.calls);
    return std::max(0.0, (requests - multiplier * static_cast<double>(accepts(seen))) / (requests + 1));
}

} // namespace

struct adaptive_throttle::meter {
    explicit meter(adaptive_throttle_options given)
        : options(checked(std::move(given))), window(outcome_window::of_time(options.window)) {}

    double probability() noexcept {
        const time_point at = options.time->now();
        const std::lock_guard lock(mutex);
        return rejection_probability(window.counts(at), options.multiplier);
    }

    void record(bool accepted) noexcept {
        const time_point at = options.time->now();
        const std::lock_guard lock(mutex);
        window.record({.failed = !accepted, .slow = false}, at);
    }

    bool counts_as_rejection(const error& why) const noexcept {
        try {
            return options.counts_as_rejection ? options.counts_as_rejection(why) : is_rejection(why.kind());
        } catch (...) {
            return true;
        }
    }

    void publish(double at_probability) noexcept {
        if (!options.on_event) return;
        try {
            options.on_event({.throttle = options.name, .rejection_probability = at_probability});
        } catch (...) {
            events_failed.fetch_add(1, std::memory_order_relaxed);
        }
    }

    const adaptive_throttle_options options;
    const error refusal =
        error(errc::unavailable, "too many calls are rejected, try again later")
            .with_code("throttled")
            .with_retry_after(1)
            .caused_by(error(errc::unavailable, "adaptive throttle " + options.name));
    std::atomic<std::uint64_t> rejected{0};
    std::atomic<std::uint64_t> events_failed{0};

    std::mutex mutex{};
    outcome_window window; // a failure is a call that the backend rejected
};

adaptive_throttle::adaptive_throttle(adaptive_throttle_options options)
    : meter_(std::make_unique<meter>(std::move(options))) {}

adaptive_throttle::~adaptive_throttle() = default;

result<adaptive_throttle::permit> adaptive_throttle::try_acquire() noexcept {
    const double probability = meter_->probability();
    if (probability == 0 || resilience::detail::random_fraction(meter_->options.random) >= probability)
        return permit(meter_.get());
    meter_->record(false);
    meter_->rejected.fetch_add(1, std::memory_order_relaxed);
    meter_->publish(probability);
    return meter_->refusal;
}

adaptive_throttle_stats adaptive_throttle::stats() const {
    adaptive_throttle_stats shown;
    shown.total_rejected = meter_->rejected.load(std::memory_order_relaxed);
    shown.total_events_failed = meter_->events_failed.load(std::memory_order_relaxed);
    const time_point at = meter_->options.time->now();
    const std::lock_guard lock(meter_->mutex);
    const call_counts& seen = meter_->window.counts(at);
    shown.requests = seen.calls;
    shown.accepts = accepts(seen);
    shown.rejection_probability = rejection_probability(seen, meter_->options.multiplier);
    return shown;
}

const std::string& adaptive_throttle::name() const noexcept { return meter_->options.name; }

void adaptive_throttle::permit::succeed() noexcept {
    if (meter* const to = std::exchange(from_, nullptr)) to->record(true);
}

void adaptive_throttle::permit::fail(const error& why) noexcept {
    meter* const to = std::exchange(from_, nullptr);
    if (!to) return;
    const bool rejected = to->counts_as_rejection(why);
    if (rejected || why != errc::cancelled) to->record(!rejected);
}

} // namespace weir
