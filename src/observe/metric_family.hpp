// SPDX-License-Identifier: MIT
#pragma once

#include "observe/exposition.hpp"

#include <atomic>
#include <deque>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::detail {

/// The identity of a metric; registering its name again requires an equal description.
struct metric_description {
    std::string name{};
    std::string help{};
    metric_type type = metric_type::counter;
    std::vector<std::string> labels{};
    std::vector<double> bounds{};
    bool read_at_scrape = false;
};

/// Throws std::invalid_argument naming the metric if Prometheus or its linter would reject it.
void check(const metric_description& metric);

/// A metric and its series. Thread-safe.
class metric_family_base {
public:
    explicit metric_family_base(metric_description about) : about_(std::move(about)) {}
    metric_family_base(const metric_family_base&) = delete;
    metric_family_base& operator=(const metric_family_base&) = delete;
    virtual ~metric_family_base() = default;

    const metric_description& about() const noexcept { return about_; }
    /// The number of lookups that went to the overflow series.
    std::uint64_t overflowed() const noexcept { return overflowed_.load(std::memory_order_relaxed); }

    void write(std::string& out) const;

protected:
    virtual void write_series(std::string& out) const = 0;
    void count_overflow() noexcept { overflowed_.fetch_add(1, std::memory_order_relaxed); }

private:
    const metric_description about_;
    std::atomic<std::uint64_t> overflowed_{0};
};

// Hashes label values; allows lookups without constructing strings.
struct label_values_hash {
    using is_transparent = void;
    template<class Values>
    std::size_t operator()(const Values& values) const noexcept {
        std::size_t all = 0;
        for (std::string_view one : values) all = all * 31 + std::hash<std::string_view>()(one);
        return all;
    }
};

struct label_values_equal {
    using is_transparent = void;
    template<class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }
};

template<class Series>
class series_store final : public metric_family_base {
public:
    series_store(metric_description about, cell_arena& arena, std::size_t max_series)
        : metric_family_base(std::move(about)), arena_(arena), max_series_(max_series) {}

    Series& find(std::span<const std::string_view> values);

private:
    struct entry {
        template<class... Argument>
        explicit entry(std::string text, Argument&&... made_of)
            : labels(std::move(text)), series(std::forward<Argument>(made_of)...) {}
        std::string labels;
        Series series;
    };

    Series& add(std::span<const std::string_view> values);
    Series& overflow();
    entry& append(std::span<const std::string_view> values);
    void write_series(std::string& out) const override;

    cell_arena& arena_;
    const std::size_t max_series_;
    mutable std::shared_mutex mutex_;
    std::deque<entry> entries_; // a deque, so that elements keep their address
    std::unordered_map<std::vector<std::string>, Series*, label_values_hash, label_values_equal> by_values_;
    Series* overflow_ = nullptr;
};

extern template class series_store<counter>;
extern template class series_store<gauge>;
extern template class series_store<histogram>;

/// Series whose values are read at each scrape.
class read_series_store final : public metric_family_base {
public:
    using metric_family_base::metric_family_base;

    void add(std::string labels, std::function<double()> read);

private:
    struct entry {
        std::string labels;
        std::function<double()> read;
    };

    void write_series(std::string& out) const override;

    mutable std::shared_mutex mutex_;
    std::vector<entry> entries_;
};

} // namespace weir::detail
