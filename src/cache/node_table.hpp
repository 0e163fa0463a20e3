// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/detail/cache_core.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace weir::detail {

/// Nodes that are destroyed at the end of a scope, which must be outside of all locks.
class node_disposal {
public:
    node_disposal() = default;
    node_disposal(const node_disposal&) = delete;
    node_disposal& operator=(const node_disposal&) = delete;
    ~node_disposal() {
        while (first_) {
            const std::unique_ptr<cache_node> node(first_);
            first_ = node->chained;
        }
    }

    void add(cache_node& node) noexcept {
        node.chained = first_;
        first_ = &node;
    }

private:
    cache_node* first_ = nullptr;
};

/// A hash table of nodes, which it owns. Not thread-safe.
class node_table {
public:
    node_table() = default;
    node_table(const node_table&) = delete;
    node_table& operator=(const node_table&) = delete;
    ~node_table();

    cache_node* find(std::uint64_t hash, const void* key) const {
        return find_if(hash, [key](const cache_node& node) { return node.has_key(key); });
    }
    /// Finds the node that has the key of another one.
    cache_node* find_like(const cache_node& other) const {
        return find_if(other.hash, [&](const cache_node& node) { return node.has_key_of(other); });
    }
    /// Adds a node whose key isn't in the table. Throws bad_alloc for the first node only.
    cache_node& add(std::unique_ptr<cache_node> node);
    /// Takes a node out; the caller owns it.
    void remove(cache_node& node) noexcept;

    /// Calls `f` with the nodes of some buckets, other ones each time.
    template<class F>
    void visit_some(F f) noexcept {
        constexpr std::size_t at_once = 4;
        for (std::size_t i = 0; i < at_once && !buckets_.empty(); ++i) visit(++visited_ & mask(), f);
    }
    template<class F>
    void visit_all(F f) noexcept {
        for (std::size_t i = 0; i < buckets_.size(); ++i) visit(i, f);
    }

private:
    template<class F>
    cache_node* find_if(std::uint64_t hash, F has_key) const {
        if (buckets_.empty()) return nullptr;
        for (cache_node* node = buckets_[hash & mask()]; node; node = node->chained)
            if (node->hash == hash && has_key(*node)) return node;
        return nullptr;
    }

    // `f` may remove the node.
    template<class F>
    void visit(std::size_t bucket, F& f) noexcept {
        for (cache_node* node = buckets_[bucket]; node;) {
            cache_node* const next = node->chained;
            f(*node);
            node = next;
        }
    }

    std::size_t mask() const noexcept { return buckets_.size() - 1; }
    void grow();

    std::vector<cache_node*> buckets_{}; // a power of two
    std::size_t size_ = 0;
    std::size_t visited_ = 0;
};

} // namespace weir::detail
