// SPDX-License-Identifier: MIT
#include "observe/metric_family.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <stdexcept>

namespace weir::detail {

namespace {

[[noreturn]] void refuse(const metric_description& metric, const std::string& why) {
    throw std::invalid_argument("metric \"" + metric.name + "\": " + why);
}

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Matches [a-zA-Z_][a-zA-Z0-9_]*, and colons for metrics.
bool is_name(std::string_view text, bool colons) noexcept {
    const auto allowed = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || (colons && c == ':'); };
    return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, allowed);
}

void check_label(const metric_description& metric, const std::string& label) {
    if (!is_name(label, false)) refuse(metric, "\"" + label + "\" isn't a valid label name: use letters, digits and _");
    if (label.starts_with("__")) refuse(metric, "label \"" + label + "\" starts with __, which Prometheus reserves");
    if (label == "le" && metric.type == metric_type::histogram) refuse(metric, "a histogram reserves the label le");
    if (std::ranges::count(metric.labels, label) > 1) refuse(metric, "label \"" + label + "\" is there twice");
}

void check_bounds(const metric_description& metric) {
    if (metric.type != metric_type::histogram) return;
    if (metric.bounds.empty()) refuse(metric, "a histogram needs buckets");
    if (!std::ranges::all_of(metric.bounds, [](double bound) { return std::isfinite(bound); }))
        refuse(metric, "bucket bounds must be finite; the bucket up to infinity is implied");
    if (std::ranges::adjacent_find(metric.bounds, std::greater_equal<>()) != metric.bounds.end())
        refuse(metric, "bucket bounds must increase");
}

} // namespace

void check(const metric_description& metric) {
    if (!is_name(metric.name, true)) refuse(metric, "invalid metric name: use letters, digits, _ and :");
    if (metric.help.empty()) refuse(metric, "the help text is empty");
    const bool total = metric.name.ends_with("_total");
    if (metric.type == metric_type::counter && !total) refuse(metric, "a counter's name must end in _total");
    if (metric.type != metric_type::counter && total) refuse(metric, "only a counter's name may end in _total");
    for (std::string_view suffix : {"_bucket", "_sum", "_count"})
        if (metric.name.ends_with(suffix))
            refuse(metric, "a name that ends in " + std::string(suffix) + " is reserved for histograms");
    for (const auto& label : metric.labels) check_label(metric, label);
    check_bounds(metric);
}

void metric_family_base::write(std::string& out) const {
    append_head(out, about_.name, about_.help, about_.type);
    write_series(out);
}

template<class Series>
Series& series_store<Series>::find(std::span<const std::string_view> values) {
    if (values.size() != about().labels.size())
        refuse(about(), "takes " + std::to_string(about().labels.size()) + " label values, not " +
                            std::to_string(values.size()));
    {
        const std::shared_lock lock(mutex_);
        if (const auto known = by_values_.find(values); known != by_values_.end()) return *known->second;
    }
    return add(values);
}

template<class Series>
Series& series_store<Series>::add(std::span<const std::string_view> values) {
    const std::lock_guard lock(mutex_);
    if (const auto known = by_values_.find(values); known != by_values_.end()) return *known->second;
    if (by_values_.size() >= max_series_) return overflow();
    Series& made = append(values).series;
    by_values_.emplace(std::vector<std::string>(values.begin(), values.end()), &made);
    return made;
}

template<class Series>
Series& series_store<Series>::overflow() {
    count_overflow();
    const std::vector<std::string_view> values(about().labels.size(), "overflow");
    if (!overflow_) {
        const auto known = by_values_.find(values);
        overflow_ = known != by_values_.end() ? known->second : &append(values).series;
    }
    return *overflow_;
}

template<class Series>
typename series_store<Series>::entry& series_store<Series>::append(std::span<const std::string_view> values) {
    std::string labels;
    for (std::size_t i = 0; i < values.size(); ++i) append_label(labels, about().labels[i], values[i]);
    if constexpr (std::same_as<Series, histogram>)
        return entries_.emplace_back(std::move(labels), arena_, std::span<const double>(about().bounds));
    else
        return entries_.emplace_back(std::move(labels), arena_);
}

template<class Series>
void series_store<Series>::write_series(std::string& out) const {
    const std::shared_lock lock(mutex_);
    for (const auto& one : entries_) append_series(out, about().name, one.labels, one.series);
}

template class series_store<counter>;
template class series_store<gauge>;
template class series_store<histogram>;

void read_series_store::add(std::string labels, std::function<double()> read) {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(entries_, labels, &entry::labels) != entries_.end())
        refuse(about(), "{" + labels + "} is already registered");
    entries_.push_back({std::move(labels), std::move(read)});
}

void read_series_store::write_series(std::string& out) const {
    const auto read = [](const entry& one) {
        try {
            return one.read();
        } catch (...) {
            return std::numeric_limits<double>::quiet_NaN();
        }
    };
    const std::shared_lock lock(mutex_);
    for (const auto& one : entries_) append_sample(out, about().name, one.labels, read(one));
}

} // namespace weir::detail
