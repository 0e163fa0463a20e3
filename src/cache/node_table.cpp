// SPDX-License-Identifier: MIT
#include "cache/node_table.hpp"

#include <new>

namespace weir::detail {

node_table::~node_table() {
    node_disposal all;
    visit_all([&](cache_node& node) { all.add(node); });
}

cache_node& node_table::add(std::unique_ptr<cache_node> node) {
    if (size_ >= buckets_.size()) grow();
    cache_node*& first = buckets_[node->hash & mask()];
    node->chained = first;
    first = node.release();
    ++size_;
    return *first;
}

void node_table::remove(cache_node& node) noexcept {
    cache_node** link = &buckets_[node.hash & mask()];
    while (*link != &node) link = &(*link)->chained;
    *link = node.chained;
    node.chained = nullptr;
    --size_;
}

// Longer chains do, if there is no memory.
void node_table::grow() {
    std::vector<cache_node*> larger;
    try {
        larger.resize(buckets_.empty() ? 8 : 2 * buckets_.size());
    } catch (const std::bad_alloc&) {
        if (buckets_.empty()) throw;
        return;
    }
    visit_all([&](cache_node& node) {
        cache_node*& first = larger[node.hash & (larger.size() - 1)];
        node.chained = first;
        first = &node;
    });
    buckets_.swap(larger);
}

} // namespace weir::detail
