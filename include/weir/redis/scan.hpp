// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/redis/client.hpp>
#include <weir/redis/command.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::redis {

namespace detail {

// The number of nodes with keys: 1 without a cluster.
task<result<int>> node_count(shared_target client);

} // namespace detail

struct scan_options {
    std::string match = "*"; ///< glob-style pattern
    std::size_t count = 100; ///< roughly how many elements a batch looks at
    std::string only_type{}; ///< keys only: `hash`, `string`, ...; empty: all
};

/// Walks through keys, or through the elements of a large value, without blocking the server: one batch per call. An
/// element that is there from beginning to end is returned at least once, perhaps twice; one that comes or goes
/// meanwhile may be missing (https://redis.io/commands/scan/). Belongs to one task at a time. In a cluster the keys of
/// all nodes are walked through, one node after the other.
///
///     redis::scan keys(db, {.match = "session:*"});
///     while (auto batch = (co_await keys.next()).value())
///         for (const std::string& key : *batch) ...
template<class Element>
class basic_scan {
public:
    /// The next batch, which may be empty; nothing at the end.
    task<result<std::optional<std::vector<Element>>>> next() {
        if (over_) co_return std::optional<std::vector<Element>>();
        if (!counted_ && key_.empty()) {
            auto counted = co_await count_nodes();
            if (!counted) co_return counted.error();
        }
        using batch = std::pair<std::string, std::vector<Element>>;
        redis::command asked(verb_);
        if (!key_.empty()) asked.add(key_);
        asked.add(cursor_).add("MATCH").add(options_.match).add("COUNT").add(options_.count);
        if (!options_.only_type.empty() && key_.empty()) asked.add("TYPE").add(options_.only_type);
        detail::send_terms terms;
        if (key_.empty()) terms.node = node_;
        auto got = co_await detail::perform<batch>(on_->target(), std::move(asked), terms);
        if (!got) co_return got.error();
        cursor_ = std::move(got->first);
        if (cursor_ == "0") end_of_node();
        co_return std::optional<std::vector<Element>>(std::move(got->second));
    }

protected:
    basic_scan(client& on, std::string verb, std::string key, scan_options options)
        : on_(&on), verb_(std::move(verb)), key_(std::move(key)), options_(std::move(options)) {}

private:
    // In a cluster the keys are on several nodes.
    task<result<void>> count_nodes() {
        auto count = co_await detail::node_count(on_->target());
        if (!count) co_return count.error();
        nodes_ = *count;
        counted_ = true;
        co_return ok();
    }

    void end_of_node() noexcept {
        ++node_;
        over_ = !key_.empty() || node_ >= nodes_;
    }

    client* on_;
    std::string verb_;
    std::string key_;
    scan_options options_;
    std::string cursor_ = "0";
    int node_ = 0;
    int nodes_ = 1;
    bool counted_ = false;
    bool over_ = false;
};

/// SCAN: keys.
class scan : public basic_scan<std::string> {
public:
    explicit scan(client& on, scan_options options = {}) : basic_scan(on, "SCAN", {}, std::move(options)) {}
};

/// SSCAN: members of a set.
class set_scan : public basic_scan<std::string> {
public:
    set_scan(client& on, std::string key, scan_options options = {})
        : basic_scan(on, "SSCAN", std::move(key), std::move(options)) {}
};

/// HSCAN: fields and values of a hash.
class hash_scan : public basic_scan<std::pair<std::string, std::string>> {
public:
    hash_scan(client& on, std::string key, scan_options options = {})
        : basic_scan(on, "HSCAN", std::move(key), std::move(options)) {}
};

/// ZSCAN: members and scores of a sorted set.
class sorted_set_scan : public basic_scan<std::pair<std::string, double>> {
public:
    sorted_set_scan(client& on, std::string key, scan_options options = {})
        : basic_scan(on, "ZSCAN", std::move(key), std::move(options)) {}
};

} // namespace weir::redis
