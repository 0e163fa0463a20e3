// SPDX-License-Identifier: MIT
#include "resilience/limit_finder.hpp"
#include <weir/observe/metric_cells.hpp>
#include <weir/resilience/adaptive_limit.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>

namespace weir {

namespace {

using resilience::detail::class_counts;
using resilience::detail::latency_window;
using resilience::detail::limit_finder;
using weir::detail::metric_cell;

constexpr std::array<std::string_view, traffic_classes> names{"critical", "normal", "batch"};
constexpr std::uint64_t enough_samples = 10;                 // needed to end a window
constexpr duration longest_window = std::chrono::seconds(1); // a window ends after this, however few samples it has
constexpr duration recovery = std::chrono::seconds(1);
constexpr double noted_change = 1.25; // of the minimum latency; smaller changes aren't reported

// The counts of one thread over all time; other threads read them.
struct alignas(64) thread_counts {
    std::array<metric_cell, traffic_classes> offered{};
    std::array<metric_cell, traffic_classes> refused{};
    metric_cell ended{0};
    metric_cell service{0}; // in ns, like the next one
    metric_cell waited{0};
};

struct all_counts {
    class_counts offered{};
    class_counts refused{};
    std::uint64_t ended = 0;
    std::uint64_t service = 0;
    std::uint64_t waited = 0;
};

duration in_ns(std::uint64_t sum) noexcept { return duration(static_cast<duration::rep>(sum)); }

// Keeps a clock that was set back, or an endless wait, from overflowing a sum.
std::uint64_t addend(duration one) noexcept {
    return static_cast<std::uint64_t>(std::clamp<duration>(one, duration::zero(), std::chrono::hours(1)).count());
}

[[noreturn]] void reject(const char* option, const std::string& value, const char* accepted) {
    throw std::invalid_argument(
        "adaptive_limit_options: " + std::string(option) + " = " + value + ": accepted " + accepted);
}

void check_bounds(std::size_t min, std::size_t max) {
    if (min < 1) reject("min", std::to_string(min), "1 or more");
    if (max < min) reject("max", std::to_string(max), "min or more");
}

void check_time(const char* option, duration value, duration least, const char* accepted) {
    if (value < least) reject(option, std::to_string(value.count()) + " ns", accepted);
}

adaptive_limit_options checked(adaptive_limit_options options) {
    check_bounds(options.min, options.max);
    if (!(options.tolerance >= 1 && options.tolerance <= 10))
        reject("tolerance", std::to_string(options.tolerance), "1 to 10");
    check_time("window", options.window, std::chrono::milliseconds(1), "1 ms or more");
    check_time("probe_interval", options.probe_interval, duration(1), "more than 0");
    check_time("least_latency", options.least_latency, duration(1), "more than 0");
    check_time("retry_after", options.retry_after, std::chrono::seconds(1), "1 s or more");
    if (!options.time) reject("time", "null", "a clock");
    return options;
}

error make_refusal(duration retry_after) {
    const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(retry_after).count();
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    return error(errc::unavailable, "the service is overloaded, try again later")
        .with_code("overloaded")
        .with_retry_after(static_cast<std::uint32_t>(std::min(seconds, most)));
}

} // namespace

std::string_view name(traffic kind) noexcept { return names[static_cast<std::size_t>(kind)]; }

// The changes that a window caused.
struct window_changes {
    std::array<adaptive_limit_change, 2> changes{};
    std::size_t count = 0;
    double limit = 0;
    duration min_latency{};
};

// The members that every call uses are atomic; the finder and the window data are guarded by the mutex. A call waits
// for the mutex only during a probe: otherwise, if another call is closing the window, it continues.
struct adaptive_limit::impl {
    explicit impl(adaptive_limit_options with)
        : options(checked(std::move(with))), time(*options.time), finder(options), began(time.now()) {
        publish();
    }

    bool fits(traffic kind, duration waited) noexcept;
    void leave() noexcept { in_flight.fetch_sub(1, std::memory_order_relaxed); }
    void count_ended(duration service, duration waited);

    bool due(time_point now) const noexcept {
        return now.time_since_epoch().count() >= next_look.load(std::memory_order_relaxed);
    }
    void look_at(time_point next) noexcept {
        next_look.store(next.time_since_epoch().count(), std::memory_order_relaxed);
    }
    void look(time_point now);
    void note_probed(std::uint32_t its_epoch, duration service, time_point now);
    template<class F>
    void change(F f);

    all_counts sum_up() const noexcept;
    latency_window seen_until(time_point now, const all_counts& counted) const noexcept;
    void begin_window(time_point now, const all_counts& counted) noexcept;
    void publish() noexcept;
    bool end_window(time_point now, const all_counts& counted);
    bool end_probe(time_point now);
    window_changes compare(time_point now);
    void report_changes(const window_changes& of) const noexcept;

    const adaptive_limit_options options;
    const weir::clock& time;

    alignas(64) std::atomic<std::int64_t> in_flight{0};
    // Read by every call, written once per window.
    alignas(64) std::array<std::atomic<double>, traffic_classes> limits{};
    std::atomic<double> unit{1};
    std::atomic<std::int64_t> next_look{0};
    std::atomic<std::uint32_t> epoch{0}; // odd during a probe
    std::atomic<double> peak{0};
    std::array<thread_counts, weir::detail::thread_slots> threads{};

    mutable std::mutex mutex{};
    limit_finder finder;
    time_point began; // start of the window
    all_counts before{};
    bool refusing = false;
    time_point refused_at = time_point::min(); // end of the last window with a refusal
    duration noted_latency{};
};

bool adaptive_limit::impl::fits(traffic kind, duration waited) noexcept {
    const auto running = static_cast<double>(in_flight.fetch_add(1, std::memory_order_relaxed));
    const double ahead = running + static_cast<double>(waited.count()) / unit.load(std::memory_order_relaxed);
    if (ahead > peak.load(std::memory_order_relaxed)) peak.store(ahead, std::memory_order_relaxed);
    return ahead + 1 <= limits[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
}

void adaptive_limit::impl::count_ended(duration service, duration waited) {
    const unsigned slot = weir::detail::thread_slot();
    thread_counts& mine = threads[slot];
    weir::detail::add_to(mine.ended, std::uint64_t{1}, slot);
    weir::detail::add_to(mine.service, addend(service), slot);
    weir::detail::add_to(mine.waited, addend(waited), slot);
}

all_counts adaptive_limit::impl::sum_up() const noexcept {
    all_counts sum;
    for (const thread_counts& one : threads) {
        for (std::size_t kind = 0; kind < traffic_classes; ++kind) {
            sum.offered[kind] += one.offered[kind].load(std::memory_order_relaxed);
            sum.refused[kind] += one.refused[kind].load(std::memory_order_relaxed);
        }
        sum.ended += one.ended.load(std::memory_order_relaxed);
        sum.service += one.service.load(std::memory_order_relaxed);
        sum.waited += one.waited.load(std::memory_order_relaxed);
    }
    return sum;
}

latency_window adaptive_limit::impl::seen_until(time_point now, const all_counts& counted) const noexcept {
    latency_window seen;
    for (std::size_t kind = 0; kind < traffic_classes; ++kind) {
        seen.offered[kind] = counted.offered[kind] - before.offered[kind];
        seen.refused[kind] = counted.refused[kind] - before.refused[kind];
    }
    seen.ended = counted.ended - before.ended;
    seen.service = in_ns(counted.service - before.service);
    seen.waited = in_ns(counted.waited - before.waited);
    seen.peak = peak.load(std::memory_order_relaxed);
    seen.length = now - began;
    return seen;
}

// Closes the window or the probe if it has ended.
void adaptive_limit::impl::look(time_point now) {
    window_changes changes;
    {
        const std::unique_lock lock(mutex, std::try_to_lock);
        if (!lock || !due(now)) return;
        const all_counts counted = sum_up();
        if (!(finder.probing() ? end_probe(now) : end_window(now, counted)))
            return look_at(weir::detail::later(now, options.window / 10));
        changes = compare(now);
        begin_window(now, counted);
    }
    report_changes(changes);
}

bool adaptive_limit::impl::end_window(time_point now, const all_counts& counted) {
    const latency_window seen = seen_until(now, counted);
    if (seen.ended < enough_samples && seen.length < std::max(longest_window, options.window)) return false;
    finder.update(seen, now);
    if (seen.refusals() != 0) refused_at = now;
    return true;
}

// Refusals due to a probe don't indicate load.
bool adaptive_limit::impl::end_probe(time_point now) {
    finder.expire(now);
    if (refusing) refused_at = now;
    return true;
}

void adaptive_limit::impl::note_probed(std::uint32_t its_epoch, duration service, time_point now) {
    window_changes changes;
    {
        const std::lock_guard lock(mutex);
        if (its_epoch != epoch.load(std::memory_order_relaxed) || !finder.probing()) return;
        if (!finder.sample(service, now)) return;
        if (refusing) refused_at = now;
        changes = compare(now);
        begin_window(now, sum_up());
    }
    report_changes(changes);
}

template<class F>
void adaptive_limit::impl::change(F f) {
    const std::lock_guard lock(mutex);
    f(finder);
    begin_window(time.now(), sum_up());
}

void adaptive_limit::impl::begin_window(time_point now, const all_counts& counted) noexcept {
    began = now;
    before = counted;
    peak.store(0, std::memory_order_relaxed);
    const time_point next = finder.probing() ? finder.probe_end() : weir::detail::later(now, options.window);
    look_at(next);
    const std::uint32_t last = epoch.load(std::memory_order_relaxed);
    epoch.store(finder.probing() ? (last + 1) | 1 : last + last % 2, std::memory_order_relaxed);
    publish();
}

void adaptive_limit::impl::publish() noexcept {
    for (std::size_t kind = 0; kind < traffic_classes; ++kind)
        limits[kind].store(finder.limit_of(static_cast<traffic>(kind)), std::memory_order_relaxed);
    unit.store(static_cast<double>(finder.unit().count()), std::memory_order_relaxed);
}

window_changes adaptive_limit::impl::compare(time_point now) {
    window_changes found;
    found.limit = finder.limit();
    found.min_latency = finder.min_latency();
    if (refusing ? now - refused_at >= recovery : refused_at == now) {
        refusing = !refusing;
        found.changes[found.count++] = refusing ? adaptive_limit_change::refusing : adaptive_limit_change::recovered;
    }
    const auto was = static_cast<double>(noted_latency.count());
    const auto is = static_cast<double>(found.min_latency.count());
    if (is <= was * noted_change && was <= is * noted_change) return found;
    noted_latency = found.min_latency;
    found.changes[found.count++] = adaptive_limit_change::min_latency;
    return found;
}

// Ignores an observer's exceptions, so that calls continue.
void adaptive_limit::impl::report_changes(const window_changes& of) const noexcept {
    if (!options.on_event) return;
    for (std::size_t i = 0; i < of.count; ++i) {
        try {
            options.on_event({of.changes[i], of.limit, of.min_latency});
        } catch (...) {
        }
    }
}

adaptive_limit::adaptive_limit(adaptive_limit_options options)
    : refusal_(make_refusal(options.retry_after)), impl_(std::make_unique<impl>(std::move(options))) {}

adaptive_limit::~adaptive_limit() = default;

adaptive_limit::permit adaptive_limit::try_acquire(traffic kind, duration waited) noexcept {
    impl& all = *impl_;
    waited = std::max(waited, duration::zero());
    const auto place = static_cast<std::size_t>(kind);
    const unsigned slot = weir::detail::thread_slot();
    weir::detail::add_to(all.threads[slot].offered[place], std::uint64_t{1}, slot);
    const std::uint32_t epoch = all.epoch.load(std::memory_order_relaxed);
    if (all.fits(kind, waited)) [[likely]]
        return permit(*this, all.time.now(), waited, epoch);
    all.leave();
    weir::detail::add_to(all.threads[slot].refused[place], std::uint64_t{1}, slot);
    const time_point now = all.time.now();
    if (all.due(now)) all.look(now);
    return {};
}

void adaptive_limit::finish(const permit& ended) noexcept {
    impl& all = *impl_;
    const time_point now = all.time.now();
    all.leave();
    all.count_ended(now - ended.began_, ended.waited_);
    if (ended.epoch_ % 2 != 0) all.note_probed(ended.epoch_, now - ended.began_, now);
    if (all.due(now)) all.look(now);
}

void adaptive_limit::release() noexcept { impl_->leave(); }

void adaptive_limit::set_bounds(std::size_t min, std::size_t max) {
    check_bounds(min, max);
    impl_->change([&](limit_finder& of) { of.set_bounds(min, max); });
}

void adaptive_limit::set_limit(std::size_t limit) {
    if (limit < 1) throw std::invalid_argument("adaptive_limit::set_limit: limit = 0: accepted 1 or more");
    impl_->change([&](limit_finder& of) { of.hold(limit); });
}

void adaptive_limit::automatic() {
    impl_->change([](limit_finder& of) { of.resume(); });
}

adaptive_limit_stats adaptive_limit::stats() const {
    const impl& all = *impl_;
    adaptive_limit_stats now;
    const std::lock_guard lock(all.mutex);
    now.limit = all.finder.limit();
    now.in_flight = static_cast<std::size_t>(std::max<std::int64_t>(all.in_flight.load(std::memory_order_relaxed), 0));
    now.latency = all.finder.latency();
    now.min_latency = all.finder.min_latency();
    now.probes = all.finder.probes();
    now.automatic = all.finder.automatic();
    const all_counts counted = all.sum_up();
    for (std::size_t kind = 0; kind < traffic_classes; ++kind) {
        const std::uint64_t refused = std::min(counted.refused[kind], counted.offered[kind]);
        now.classes[kind] = {all.finder.share(static_cast<traffic>(kind)), counted.offered[kind] - refused, refused};
    }
    return now;
}

} // namespace weir
