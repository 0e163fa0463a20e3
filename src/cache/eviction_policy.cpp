// SPDX-License-Identifier: MIT
#include "cache/eviction_policy.hpp"

#include <algorithm>

namespace weir::detail {

namespace {

constexpr std::size_t none = 0;

std::size_t share_of(std::size_t all, std::size_t percent) noexcept {
    return all == cache_options::no_limit ? all : all / 100 * percent + all % 100 * percent / 100;
}

cache_amount window_of(cache_eviction kind, const cache_amount& all) noexcept {
    if (kind == cache_eviction::lru) return all;
    return {std::max<std::size_t>(1, share_of(all.entries, 1)), share_of(all.bytes, 1)};
}

cache_amount protected_of(const cache_amount& all) noexcept {
    return {share_of(share_of(all.entries, 99), 80), share_of(share_of(all.bytes, 99), 80)};
}

} // namespace

eviction_policy::eviction_policy(cache_eviction kind, cache_amount most) noexcept
    : kind_(kind), most_(most), most_in_window_(window_of(kind, most)), most_protected_(protected_of(most)) {}

cache_amount eviction_policy::amount() const noexcept {
    cache_amount all = window_.amount();
    for (const node_list* one : {&probation_, &protected_}) {
        all.entries += one->amount().entries;
        all.bytes += one->amount().bytes;
    }
    return all;
}

void eviction_policy::add(cache_node& node, std::size_t weight) noexcept {
    node.weight = weight;
    node.segment = cache_segment::window;
    window_.push_front(node);
    if (kind_ == cache_eviction::lru) return;
    sketch_.reserve(amount().entries);
    sketch_.add(node.hash);
}

void eviction_policy::remove(cache_node& node) noexcept {
    list_of(node).remove(node);
    node.segment = cache_segment::none;
}

void eviction_policy::reweigh(cache_node& node, std::size_t weight) noexcept {
    list_of(node).amount().bytes += weight - node.weight;
    node.weight = weight;
}

void eviction_policy::move(cache_node& node, cache_segment to) noexcept {
    list_of(node).remove(node);
    node.segment = to;
    list_of(node).push_front(node);
}

void eviction_policy::touch(cache_node& node) noexcept {
    if (kind_ == cache_eviction::w_tiny_lfu) sketch_.add(node.hash);
    move(node, node.segment == cache_segment::window ? cache_segment::window : cache_segment::protected_);
    demote();
}

// The entries that were protected the longest go back on probation.
void eviction_policy::demote() noexcept {
    while (protected_.amount().exceeds(most_protected_)) move(*protected_.back(), cache_segment::probation);
}

void eviction_policy::drop_from_window() noexcept {
    if (kind_ == cache_eviction::lru) return;
    for (candidates_ = none; window_.amount().exceeds(most_in_window_); ++candidates_)
        move(*window_.back(), cache_segment::probation);
    candidate_ = probation_.front();
}

cache_node* eviction_policy::oldest() const noexcept {
    for (const node_list* one : {&probation_, &protected_, &window_})
        if (one->back()) return one->back();
    return nullptr;
}

cache_node* eviction_policy::next_victim() noexcept {
    if (!amount().exceeds(most_)) return nullptr;
    cache_node* leaves = oldest();
    if (candidates_ > 0) {
        cache_node* const candidate = candidate_;
        candidate_ = candidate->after;
        // Past the victim there is no other candidate.
        candidates_ = candidate == leaves ? 0 : candidates_ - 1;
        if (!admits(*candidate, *leaves)) leaves = candidate;
    }
    if (leaves == candidate_) candidates_ = 0;
    remove(*leaves);
    return leaves;
}

// Sometimes admits an entry that was used as often as the victim, so that an attacker can't keep a few keys in the
// cache whose counters collide with those of all others.
bool eviction_policy::admits(const cache_node& candidate, const cache_node& victim) noexcept {
    const unsigned used = sketch_.estimate(candidate.hash);
    if (used > sketch_.estimate(victim.hash)) return true;
    constexpr unsigned often = 6;
    return used >= often && (next_random() & 127) == 0;
}

std::uint32_t eviction_policy::next_random() noexcept {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    return random_;
}

} // namespace weir::detail
