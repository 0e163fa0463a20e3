// SPDX-License-Identifier: MIT
#pragma once

#include "resilience/key_digest.hpp"
#include <weir/core/clock.hpp>
#include <weir/resilience/rate_decision.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::resilience::detail {

/// The states of up to `most` keys under one rule; a new key evicts the one with the least weight. Not thread-safe.
template<class Rule>
class key_table {
public:
    using state = typename Rule::state;

    key_table(const Rule& rule, std::size_t most, duration idle_time) noexcept
        : rule_(rule), most_(most), idle_time_(idle_time) {}

    /// Strong guarantee: bad_alloc for a new key takes no permits.
    rate_decision acquire(const key_digest& key, std::int64_t now, std::uint64_t n) {
        forget_idle(now, 2);
        const auto known = states_.find(key);
        if (known != states_.end()) return decide(known->second, now, n);
        state at{};
        const rate_decision decided = decide(at, now, n);
        if (!(at == state{})) add(key, at, now);
        return decided;
    }

    /// Resets the key's state. Its heap entry stays until its turn.
    void reset(const key_digest& key) noexcept {
        const auto known = states_.find(key);
        if (known != states_.end()) known->second = {};
    }

    /// Drops up to `most` keys that have been in their initial state for the idle time.
    void forget_idle(std::int64_t now, std::size_t most) noexcept {
        for (std::size_t i = 0; i < most && !line_.empty(); ++i) {
            if (!front_is_right()) {
                put_front_right();
                continue;
            }
            if (idle_until(line_.front()) > now) return;
            states_.erase(states_.find(line_.front().whose->first));
            leave_front();
        }
    }

    std::size_t size() const noexcept { return states_.size(); }
    std::uint64_t evicted() const noexcept { return evicted_; }

private:
    struct low_half { // as random as any part
        std::size_t operator()(const key_digest& key) const noexcept { return key.low; }
    };
    using table = std::unordered_map<key_digest, state, low_half>;

    // A key's entry in a heap with the least weight at the front. Weights only grow, so entries are corrected when they
    // reach the front.
    struct place {
        std::int64_t weight;
        typename table::value_type* whose;
    };
    struct heavier {
        bool operator()(const place& a, const place& b) const noexcept { return a.weight > b.weight; }
    };

    rate_decision decide(state& at, std::int64_t now, std::uint64_t n) const noexcept {
        const bool allowed = rule_.take(at, now, n);
        return rule_.describe(at, allowed, now, n);
    }

    void add(const key_digest& key, const state& at, std::int64_t now) {
        if (states_.size() >= most_) return replace(key, at, now);
        if (line_.size() == line_.capacity()) line_.reserve(std::max<std::size_t>(16, 2 * line_.size()));
        enter(*states_.emplace(key, at).first);
    }

    // Reuses the memory of the evicted key.
    void replace(const key_digest& key, const state& at, std::int64_t now) {
        while (!front_is_right()) put_front_right();
        auto& leaves = *line_.front().whose;
        if (rule_.fresh_at(leaves.second) > now) ++evicted_;
        auto node = states_.extract(states_.find(leaves.first));
        leave_front();
        node.key() = key;
        node.mapped() = at;
        enter(*states_.insert(std::move(node)).position);
    }

    std::int64_t idle_until(const place& one) const noexcept {
        return weir::detail::sum(duration(rule_.fresh_at(one.whose->second)), idle_time_).count();
    }
    bool front_is_right() const noexcept { return line_.front().weight == rule_.weight(line_.front().whose->second); }
    void put_front_right() noexcept {
        auto* const whose = line_.front().whose;
        leave_front();
        enter(*whose);
    }
    void leave_front() noexcept {
        std::pop_heap(line_.begin(), line_.end(), heavier{});
        line_.pop_back();
    }
    // Adds an entry; the capacity is reserved.
    void enter(typename table::value_type& one) noexcept {
        line_.push_back({rule_.weight(one.second), &one});
        std::push_heap(line_.begin(), line_.end(), heavier{});
    }

    const Rule rule_;
    const std::size_t most_;
    const duration idle_time_;
    table states_;
    std::vector<place> line_;
    std::uint64_t evicted_ = 0;
};

} // namespace weir::resilience::detail
