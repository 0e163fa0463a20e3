// SPDX-License-Identifier: MIT
#include <weir/resilience/signals.hpp>

#include <algorithm>
#include <ctime>
#include <limits>
#include <span>
#include <thread>
#include <vector>

namespace weir {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double seconds(duration time) { return std::chrono::duration<double>(time).count(); }

// The increase of a counter since the last call.
class increase {
public:
    explicit increase(std::uint64_t now) : before_(now) {}
    double until(std::uint64_t now) { return static_cast<double>(now - std::exchange(before_, now)); }

private:
    std::uint64_t before_;
};

class stopwatch {
public:
    explicit stopwatch(const weir::clock& time) : time_(&time), before_(time.now()) {}
    double read() {
        const time_point now = time_->now();
        return seconds(now - std::exchange(before_, now));
    }

private:
    const weir::clock* time_;
    time_point before_;
};

std::uint64_t cpu_nanoseconds() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(used.tv_nsec);
}

std::vector<std::uint64_t> buckets_of(const histogram& of) {
    std::vector<std::uint64_t> all(of.bounds().size() + 1);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = of.in_bucket(i);
    return all;
}

// Returns the start of the last bucket, which has no end.
double interpolated(std::span<const double> bounds, std::size_t bucket, double part) {
    const double from = bucket == 0 ? 0 : bounds[bucket - 1];
    return bucket == bounds.size() ? from : from + (bounds[bucket] - from) * part;
}

double quantile(std::span<const double> bounds, const std::vector<std::uint64_t>& counts, double part) {
    double all = 0;
    for (const std::uint64_t one : counts) all += static_cast<double>(one);
    if (all == 0) return nothing;
    double below = 0;
    std::size_t bucket = 0;
    while (bucket + 1 < counts.size() && below + static_cast<double>(counts[bucket]) < part * all)
        below += static_cast<double>(counts[bucket++]);
    const auto here = static_cast<double>(counts[bucket]);
    return interpolated(bounds, bucket, here == 0 ? 0 : (part * all - below) / here);
}

} // namespace

std::function<double()> rate_of(const counter& of, const weir::clock& time) {
    return [&of, grown = increase(of.value()), passed = stopwatch(time)]() mutable {
        const double since = passed.read();
        const double by = grown.until(of.value());
        return since > 0 ? by / since : nothing;
    };
}

std::function<double()> ratio_of(const counter& some, const counter& all) {
    return [&some, &all, part = increase(some.value()), whole = increase(all.value())]() mutable {
        const double of = whole.until(all.value());
        const double these = part.until(some.value());
        return of > 0 ? these / of : nothing;
    };
}

std::function<double()> quantile_of(const histogram& of, double part) {
    return [&of, part, before = buckets_of(of)]() mutable {
        auto now = buckets_of(of);
        auto since = now;
        for (std::size_t i = 0; i < now.size(); ++i) since[i] -= before[i];
        before = std::move(now);
        return quantile(of.bounds(), since, part);
    };
}

std::function<double()> cpu_use(const weir::clock& time) {
    const double processors = std::max(1U, std::thread::hardware_concurrency());
    return [processors, used = increase(cpu_nanoseconds()), passed = stopwatch(time)]() mutable {
        const double since = passed.read();
        const double by = used.until(cpu_nanoseconds()) / 1e9;
        return since > 0 ? by / since / processors : nothing;
    };
}

loop_lag::loop_lag(loop& home, duration interval) : home_(home), interval_(interval) { arm(); }

loop_lag::~loop_lag() { home_.cancel_timer(timer_); }

void loop_lag::arm() {
    const time_point due = detail::later(home_.clock().now(), interval_);
    timer_ = home_.call_at(due, [this, due] { ring(due); });
}

void loop_lag::ring(time_point due) {
    const duration::rep late = (home_.clock().now() - due).count();
    duration::rep greatest = greatest_.load(std::memory_order_relaxed);
    while (late > greatest && !greatest_.compare_exchange_weak(greatest, late, std::memory_order_relaxed)) {
    }
    arm();
}

double loop_lag::read() noexcept { return seconds(duration(greatest_.exchange(0, std::memory_order_relaxed))); }

} // namespace weir
