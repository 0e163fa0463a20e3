// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/observe/metric_cells.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A number that only grows. `add` is a relaxed add to the calling thread's memory: no lock, no contention. Keep the
/// reference, which is valid as long as its `metrics`. Thread-safe.
class counter {
public:
    explicit counter(detail::cell_arena& arena) : cells_(arena, 1) {}

    void add(std::uint64_t n = 1) {
        const unsigned slot = detail::thread_slot();
        detail::add_to(cells_.of(slot)[0], n, slot);
    }
    std::uint64_t value() const noexcept { return cells_.sum(0); }

private:
    detail::sharded_cells cells_;
};

/// A number that goes up and down. `add` and `sub` cost as much as a counter's `add` and may be called on different
/// threads; call `set` from one place only. Thread-safe.
class gauge {
public:
    explicit gauge(detail::cell_arena& arena) : cells_(arena, 1) {}

    void add(double n = 1) {
        const unsigned slot = detail::thread_slot();
        detail::add_to(cells_.of(slot)[0], n, slot);
    }
    void sub(double n = 1) { add(-n); }
    void set(double value) noexcept { base_.store(value - cells_.sum_doubles(0), std::memory_order_relaxed); }
    double value() const noexcept { return base_.load(std::memory_order_relaxed) + cells_.sum_doubles(0); }

private:
    detail::sharded_cells cells_;
    std::atomic<double> base_{0};
};

/// Counts values by bucket and sums them. A value equal to a bound belongs to the bucket that ends there. Costs two
/// adds to the calling thread's memory. Thread-safe.
class histogram {
public:
    histogram(detail::cell_arena& arena, std::span<const double> bounds)
        : bounds_(bounds), cells_(arena, bounds.size() + 2) {}

    void observe(double value) {
        std::size_t bucket = 0;
        for (const double bound : bounds_) bucket += !(value <= bound);
        const unsigned slot = detail::thread_slot();
        detail::metric_cell* const mine = cells_.of(slot);
        detail::add_to(mine[bucket], std::uint64_t(1), slot);
        detail::add_to(mine[bounds_.size() + 1], value, slot);
    }
    /// Observes a time in seconds, Prometheus' unit.
    void observe(duration time) { observe(std::chrono::duration<double>(time).count()); }

    std::span<const double> bounds() const noexcept { return bounds_; }
    /// The number of values in this bucket alone; the bucket after the last bound holds all greater values.
    std::uint64_t in_bucket(std::size_t index) const noexcept { return cells_.sum(index); }
    std::uint64_t count() const noexcept;
    double sum() const noexcept { return cells_.sum_doubles(bounds_.size() + 1); }

private:
    std::span<const double> bounds_;
    detail::sharded_cells cells_;
};

/// Bucket bounds for server latencies, in seconds: 0.5 ms to 10 s.
std::vector<double> latency_buckets();
/// Returns `count` bounds starting at `first`, each `factor` times the one before; for sizes, for example.
std::vector<double> exponential_buckets(double first, double factor, std::size_t count);

struct metric_label {
    std::string name{};
    std::string value{};
};

namespace detail {

template<class Series>
class series_store; // in src/observe/metric_family.hpp

} // namespace detail

/// All series of a metric with labels.
///
///     auto& requests = m.counters("http_requests_total", "Requests by route", {"method", "route"});
///     counter& listed = requests.with("GET", "/todos");   // once
///     listed.add();                                       // per request
template<class Series>
class metric_family {
public:
    explicit metric_family(detail::series_store<Series>& store) noexcept : store_(&store) {}

    /// Returns the series with these label values, creating it if needed. This is a lookup, so keep the reference. Once
    /// there are `metrics_options::max_series`, new label values share one series whose labels are all `overflow`.
    /// Throws std::invalid_argument if the number of values isn't that of the labels.
    template<std::convertible_to<std::string_view>... Value>
    Series& with(const Value&... values) const {
        const std::array<std::string_view, sizeof...(Value)> all{std::string_view(values)...};
        return find(all);
    }

private:
    Series& find(std::span<const std::string_view> values) const;

    detail::series_store<Series>* store_;
};

extern template class metric_family<counter>;
extern template class metric_family<gauge>;
extern template class metric_family<histogram>;

struct metrics_options {
    std::size_t max_series = 1000; ///< per metric; bounds the memory that clients can make a server use
};

/// The metrics of an application and their Prometheus text. A value owned by main() or the app. Register at start-up: a
/// name that Prometheus would refuse, a counter without `_total`, an empty help or a second registration with another
/// type, labels or buckets throws std::invalid_argument naming the metric; an equal registration returns the same
/// series. Thread-safe; series live as long as this object.
class metrics {
public:
    explicit metrics(metrics_options options = {});
    ~metrics();
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    weir::counter& counter(std::string_view name, std::string_view help);
    weir::gauge& gauge(std::string_view name, std::string_view help);
    weir::histogram& histogram(std::string_view name, std::string_view help,
                               std::vector<double> bounds = latency_buckets());

    using labels = std::vector<std::string>;
    metric_family<weir::counter> counters(std::string_view name, std::string_view help, labels names);
    metric_family<weir::gauge> gauges(std::string_view name, std::string_view help, labels names);
    metric_family<weir::histogram> histograms(std::string_view name, std::string_view help, labels names,
                                              std::vector<double> bounds = latency_buckets());

    /// Registers a value that is read at each scrape, on the scraping thread. `read` and what it refers to must outlive
    /// this object and must not use it; if it throws, the value is NaN. Duplicate labels throw std::invalid_argument.
    void gauge_from(std::string_view name, std::string_view help, std::vector<metric_label> labels,
                    std::function<double()> read);
    void counter_from(std::string_view name, std::string_view help, std::vector<metric_label> labels,
                      std::function<double()> read);

    /// Appends all metrics in Prometheus' text format 0.0.4, ordered by name.
    void write(std::string& out) const;
    std::string text() const;
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace weir
