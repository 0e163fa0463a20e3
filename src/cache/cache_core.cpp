// SPDX-License-Identifier: MIT
#include "cache/cache_impl.hpp"
#include "cache/checked_cache.hpp"
#include "cache/jitter.hpp"
#include "resilience/key_digest.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace weir::detail {

namespace {

std::uint64_t random_word() {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

// Small caches need exact order, as the noted entries would be a large part of all.
std::size_t batch_of(const cache_options& options) noexcept {
    return std::clamp<std::size_t>(options.size / 128, 1, cache_stripe::most_touched);
}

} // namespace

cache_hash_seed::cache_hash_seed() : k0_(random_word()), k1_(random_word()) {}

std::uint64_t cache_hash_seed::of(std::string_view key) const noexcept {
    return resilience::detail::siphash<>(k0_, k1_)(key).low;
}

std::uint64_t cache_hash_seed::of(std::uint64_t hashed) const noexcept {
    std::uint64_t mixed = (hashed ^ k0_) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 31 ^ k1_) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 29;
}

bool is_outage(const error& failed) noexcept {
    switch (failed.kind()) {
    case errc::unavailable:
    case errc::deadline_exceeded:
    case errc::resource_exhausted:
    case errc::internal:
    case errc::unknown:
        return true;
    default:
        return false;
    }
}

void cache_stripe::remove(cache_node& node) noexcept {
    table.remove(node);
    std::replace(touched.begin(), touched.begin() + static_cast<std::ptrdiff_t>(touched_size), &node,
                 static_cast<cache_node*>(nullptr));
}

cache_found found_at(const cache_node& node, time_point now) {
    cache_found found{.value = node.value, .failure = node.failure, .stored = node.stored, .dead_at = node.dead_at};
    if (now < node.fresh_until)
        found.state = node.value ? cache_state::fresh : cache_state::absent;
    else if (!node.value || now >= node.dead_at)
        found = {};
    else if (now < node.retry_at || (node.load && now < node.refresh_until))
        found.state = cache_state::stale;
    else
        found.state = now < node.refresh_until ? cache_state::refresh : cache_state::expired;
    return found;
}

cache_core::impl::impl(cache_options given)
    : options(checked_cache(std::move(given))), batch(batch_of(options)),
      policy(options.eviction, {.entries = options.size, .bytes = options.bytes}) {}

void cache_core::impl::touch(cache_stripe& in, cache_node& node) noexcept {
    if (!node.listed) return;
    in.touched[in.touched_size++] = &node;
    if (in.touched_size >= batch) replay(in);
}

// Under contention the noted entries are dropped, which is rare and does no harm.
void cache_core::impl::replay(cache_stripe& in) noexcept {
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (lock)
        for (std::size_t i = 0; i < in.touched_size; ++i)
            if (in.touched[i] && in.touched[i]->listed) policy.touch(*in.touched[i]);
    in.touched_size = 0;
}

duration cache_core::impl::jittered(duration ttl) const noexcept {
    return detail::jittered(ttl, options.ttl_jitter, options.random);
}

std::shared_ptr<const void> cache_core::impl::set(cache_node& node, const cache_loaded& value,
                                                  time_point now) noexcept {
    auto old = std::exchange(node.value, value.value);
    node.failure = {};
    node.retry_at = {};
    node.stored = now - value.age;
    node.fresh_until = later(node.stored, value.ttl);
    node.refresh_until = later(node.fresh_until, value.refresh_for);
    node.dead_at = later(node.fresh_until, std::max(value.refresh_for, value.stale_for));
    return old;
}

void cache_core::impl::account(cache_node& node, std::size_t weight) noexcept {
    if (!std::exchange(node.listed, true)) return policy.add(node, weight);
    policy.reweigh(node, weight);
    policy.touch(node);
}

void cache_core::impl::detach_load(cache_node& node) noexcept {
    if (!node.load) return;
    node.load->node = nullptr;
    node.load.reset(); // its callers share it
}

void cache_core::impl::empty(cache_stripe& in, cache_node& node, node_disposal& to) noexcept {
    if (std::exchange(node.listed, false)) policy.remove(node);
    if (!node.load) {
        in.remove(node);
        return to.add(node);
    }
    node.load->dropped = std::move(node.value);
    node.dead_at = node.fresh_until = {};
}

void cache_core::impl::erase(cache_stripe& in, cache_node& node, node_disposal& to) noexcept {
    if (std::exchange(node.listed, false)) {
        policy.remove(node);
        ++erased;
    }
    detach_load(node);
    in.remove(node);
    to.add(node);
}

void cache_core::impl::sweep(cache_stripe& in, time_point now, node_disposal& to) noexcept {
    in.table.visit_some([&](cache_node& node) {
        if (!node.listed || now < node.dead_at || now < node.fresh_until) return;
        ++expired;
        empty(in, node, to);
    });
}

void cache_core::impl::shrink(node_disposal& to) noexcept {
    policy.shrink([&](cache_node& node) {
        cache_stripe& in = stripe_of(node.hash);
        const std::lock_guard lock(in.mutex);
        ++evicted;
        node.listed = false; // the policy has removed it
        empty(in, node, to);
    });
}

cache_core::cache_core(cache_options options) : impl_(std::make_unique<impl>(std::move(options))) {}
cache_core::~cache_core() = default;

const cache_options& cache_core::options() const noexcept { return impl_->options; }

cache_found cache_core::find(std::uint64_t hash, const void* key, time_point now) {
    cache_stripe& in = impl_->stripe_of(hash);
    const std::lock_guard lock(in.mutex);
    cache_node* const node = in.table.find(hash, key);
    cache_found found = node ? found_at(*node, now) : cache_found();
    if (found.state == cache_state::fresh)
        ++in.counts[cache_stripe::hits];
    else if (found.state == cache_state::stale || found.state == cache_state::refresh)
        ++in.counts[cache_stripe::stale_hits];
    else
        ++in.counts[found.state == cache_state::absent ? cache_stripe::negative_hits : cache_stripe::misses];
    if (found.is_answer()) impl_->touch(in, *node);
    return found;
}

void cache_core::put(std::unique_ptr<cache_node> entry, const cache_loaded& value, time_point now) {
    const std::uint64_t hash = entry->hash;
    cache_loaded kept = value;
    kept.ttl = impl_->jittered(value.ttl);
    std::shared_ptr<const void> old;
    node_disposal removed;
    const std::lock_guard policy_lock(impl_->mutex);
    {
        cache_stripe& in = impl_->stripe_of(hash);
        const std::lock_guard lock(in.mutex);
        cache_node* const found = in.table.find_like(*entry);
        if (found) impl::detach_load(*found);
        if (!impl_->policy.fits(value.weight)) {
            if (found) impl_->empty(in, *found, removed);
            return impl_->counts.add(impl::refused);
        }
        cache_node& node = found ? *found : in.table.add(std::move(entry));
        old = impl_->set(node, kept, now);
        impl_->account(node, value.weight);
        ++impl_->stored;
        impl_->sweep(in, now, removed);
    }
    impl_->shrink(removed);
}

bool cache_core::erase(std::uint64_t hash, const void* key) {
    node_disposal removed;
    const std::lock_guard policy_lock(impl_->mutex);
    cache_stripe& in = impl_->stripe_of(hash);
    const std::lock_guard lock(in.mutex);
    cache_node* const node = in.table.find(hash, key);
    if (!node) return false;
    const bool had = node->listed && node->value;
    impl_->erase(in, *node, removed);
    return had;
}

void cache_core::clear() {
    node_disposal removed;
    const std::lock_guard policy_lock(impl_->mutex);
    for (cache_stripe& in : impl_->stripes) {
        const std::lock_guard lock(in.mutex);
        in.table.visit_all([&](cache_node& node) { impl_->erase(in, node, removed); });
    }
}

cache_stats cache_core::stats() const {
    cache_stats now;
    const std::lock_guard policy_lock(impl_->mutex);
    for (cache_stripe& in : impl_->stripes) {
        const std::lock_guard lock(in.mutex);
        now.hits += in.counts[cache_stripe::hits];
        now.stale_hits += in.counts[cache_stripe::stale_hits];
        now.negative_hits += in.counts[cache_stripe::negative_hits];
        now.misses += in.counts[cache_stripe::misses];
    }
    now.loads = impl_->counts.sum(impl::loads);
    now.failed_loads = impl_->counts.sum(impl::failed_loads);
    now.stale_on_error = impl_->counts.sum(impl::stale_on_error);
    now.refused = impl_->counts.sum(impl::refused);
    now.stored = impl_->stored;
    now.evicted = impl_->evicted;
    now.expired = impl_->expired;
    now.erased = impl_->erased;
    now.entries = impl_->policy.amount().entries;
    now.bytes = impl_->policy.amount().bytes;
    return now;
}

} // namespace weir::detail
