// SPDX-License-Identifier: MIT
#include "observe/metric_family.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace weir {

using detail::metric_description;
using detail::metric_family_base;
using detail::metric_type;

namespace {

constexpr std::string_view overflow_metric = "weir_metrics_overflow_total";

bool same_metric(const metric_description& a, const metric_description& b) {
    return a.type == b.type && a.labels == b.labels && a.bounds == b.bounds && a.read_at_scrape == b.read_at_scrape;
}

} // namespace

std::uint64_t histogram::count() const noexcept {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= bounds_.size(); ++i) total += in_bucket(i);
    return total;
}

std::vector<double> latency_buckets() {
    return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

std::vector<double> exponential_buckets(double first, double factor, std::size_t count) {
    std::vector<double> bounds;
    for (double next = first; bounds.size() < count; next *= factor) bounds.push_back(next);
    return bounds;
}

template<class Series>
Series& metric_family<Series>::find(std::span<const std::string_view> values) const {
    return store_->find(values);
}

template class metric_family<counter>;
template class metric_family<gauge>;
template class metric_family<histogram>;

struct metrics::impl {
    explicit impl(metrics_options given) : options{std::max<std::size_t>(given.max_series, 1)} {}

    template<class Store, class... Argument>
    Store& store(metric_description about, Argument&&... made_of) {
        const std::lock_guard lock(mutex);
        if (const auto known = families.find(about.name); known != families.end()) {
            if (!same_metric(known->second->about(), about))
                throw std::invalid_argument(
                    "metric \"" + about.name + "\": is already registered with another type, labels or buckets");
            return static_cast<Store&>(*known->second);
        }
        detail::check(about);
        if (about.name == overflow_metric)
            throw std::invalid_argument("metric \"" + about.name + "\": is reserved for weir");
        auto made = std::make_unique<Store>(std::move(about), std::forward<Argument>(made_of)...);
        Store& stored = *made;
        families.emplace(stored.about().name, std::move(made));
        return stored;
    }

    template<class Series>
    metric_family<Series> family(metric_type type, std::string_view name, std::string_view help, labels names,
                                 std::vector<double> bounds = {}) {
        return metric_family<Series>(store<detail::series_store<Series>>(
            {std::string(name), std::string(help), type, std::move(names), std::move(bounds), false}, arena,
            options.max_series));
    }

    void read_from(metric_type type, std::string_view name, std::string_view help, std::vector<metric_label> given,
                   std::function<double()> read) {
        labels names;
        std::string text;
        for (const auto& label : given) {
            names.push_back(label.name);
            detail::append_label(text, label.name, label.value);
        }
        store<detail::read_series_store>({std::string(name), std::string(help), type, std::move(names), {}, true})
            .add(std::move(text), std::move(read));
    }

    void write_overflow(std::string& out) const {
        bool first = true;
        for (const auto& [name, family] : families) {
            if (family->overflowed() == 0) continue;
            if (std::exchange(first, false))
                detail::append_head(
                    out, overflow_metric, "Lookups of series beyond the limit of their metric", metric_type::counter);
            std::string labels;
            detail::append_label(labels, "metric", name);
            detail::append_sample(out, overflow_metric, labels, family->overflowed());
        }
    }

    const metrics_options options;
    detail::cell_arena arena;
    mutable std::mutex mutex;
    std::map<std::string, std::unique_ptr<metric_family_base>, std::less<>> families;
};

metrics::metrics(metrics_options options) : impl_(std::make_unique<impl>(options)) {}
metrics::~metrics() = default;

counter& metrics::counter(std::string_view name, std::string_view help) { return counters(name, help, {}).with(); }

gauge& metrics::gauge(std::string_view name, std::string_view help) { return gauges(name, help, {}).with(); }

histogram& metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds) {
    return histograms(name, help, {}, std::move(bounds)).with();
}

metric_family<counter> metrics::counters(std::string_view name, std::string_view help, labels names) {
    return impl_->family<weir::counter>(metric_type::counter, name, help, std::move(names));
}

metric_family<gauge> metrics::gauges(std::string_view name, std::string_view help, labels names) {
    return impl_->family<weir::gauge>(metric_type::gauge, name, help, std::move(names));
}

metric_family<histogram> metrics::histograms(std::string_view name, std::string_view help, labels names,
                                             std::vector<double> bounds) {
    return impl_->family<weir::histogram>(metric_type::histogram, name, help, std::move(names), std::move(bounds));
}

void metrics::gauge_from(std::string_view name, std::string_view help, std::vector<metric_label> labels,
                         std::function<double()> read) {
    impl_->read_from(metric_type::gauge, name, help, std::move(labels), std::move(read));
}

void metrics::counter_from(std::string_view name, std::string_view help, std::vector<metric_label> labels,
                           std::function<double()> read) {
    impl_->read_from(metric_type::counter, name, help, std::move(labels), std::move(read));
}

void metrics::write(std::string& out) const {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& one : impl_->families) one.second->write(out);
    impl_->write_overflow(out);
}

std::string metrics::text() const {
    std::string out;
    write(out);
    return out;
}

} // namespace weir
