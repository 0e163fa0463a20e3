// SPDX-License-Identifier: MIT
#pragma once

#include "cache/frequency_sketch.hpp"
#include <weir/cache/detail/cache_core.hpp>

#include <cstddef>
#include <cstdint>

namespace weir::detail {

/// How much a list of entries holds, or may hold.
struct cache_amount {
    std::size_t entries = 0;
    std::size_t bytes = 0;

    bool exceeds(const cache_amount& most) const noexcept { return entries > most.entries || bytes > most.bytes; }
};

/// Entries in order of use, linked through the nodes.
class node_list {
public:
    void push_front(cache_node& node) noexcept {
        node.before = nullptr;
        node.after = first_;
        (first_ ? first_->before : last_) = &node;
        first_ = &node;
        ++amount_.entries;
        amount_.bytes += node.weight;
    }
    void remove(cache_node& node) noexcept {
        (node.before ? node.before->after : first_) = node.after;
        (node.after ? node.after->before : last_) = node.before;
        --amount_.entries;
        amount_.bytes -= node.weight;
    }
    cache_node* front() const noexcept { return first_; }
    cache_node* back() const noexcept { return last_; }
    cache_amount& amount() noexcept { return amount_; }
    const cache_amount& amount() const noexcept { return amount_; }

private:
    cache_node* first_ = nullptr;
    cache_node* last_ = nullptr;
    cache_amount amount_{};
};

/// Decides which entry leaves. New entries enter a window of 1 %; those that drop out of it stay if they were used more
/// often than the oldest entry on probation. An entry used on probation is protected, as long as it is among the 80 %
/// used last. With cache_eviction::lru the window is all. Not thread-safe.
class eviction_policy {
public:
    eviction_policy(cache_eviction kind, cache_amount most) noexcept;

    bool fits(std::size_t weight) const noexcept { return most_.entries > 0 && weight <= most_.bytes; }
    void add(cache_node& node, std::size_t weight) noexcept;
    void touch(cache_node& node) noexcept;
    void reweigh(cache_node& node, std::size_t weight) noexcept;
    void remove(cache_node& node) noexcept;

    /// Calls `evicted` with entries, removed already, until the rest is within the limits.
    template<class F>
    void shrink(F evicted) noexcept {
        drop_from_window();
        while (cache_node* const node = next_victim()) evicted(*node);
        candidates_ = 0;
    }

    cache_amount amount() const noexcept;

private:
    node_list& list_of(const cache_node& node) noexcept {
        if (node.segment == cache_segment::window) return window_;
        return node.segment == cache_segment::probation ? probation_ : protected_;
    }
    void move(cache_node& node, cache_segment to) noexcept;
    void drop_from_window() noexcept;
    void demote() noexcept;
    cache_node* next_victim() noexcept;
    cache_node* oldest() const noexcept;
    bool admits(const cache_node& candidate, const cache_node& victim) noexcept;
    std::uint32_t next_random() noexcept;

    const cache_eviction kind_;
    const cache_amount most_;
    const cache_amount most_in_window_;
    const cache_amount most_protected_;
    frequency_sketch sketch_{};
    node_list window_{};
    node_list probation_{};
    node_list protected_{};
    std::size_t candidates_ = 0; // entries at the front of probation that have just left the window
    cache_node* candidate_ = nullptr;
    std::uint32_t random_ = 0x9e3779b9;
};

} // namespace weir::detail
