// SPDX-License-Identifier: MIT
#include "cache/cache_impl.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail {

using impl = cache_core::impl;

namespace {

bool lives(const cache_loaded& value) noexcept {
    const duration most = sum(value.ttl, std::max(value.refresh_for, value.stale_for));
    return most > value.age;
}

} // namespace

cache_ticket::cache_ticket(cache_core& core, std::unique_ptr<cache_node> blank, time_point now)
    : core_(core.impl_.get()) {
    auto begun = std::make_shared<cache_load>(*blank);
    cache_stripe& in = core_->stripe_of(blank->hash);
    const std::lock_guard lock(in.mutex);
    cache_node* node = in.table.find_like(*blank);
    if (node) found_ = found_at(*node, now);
    if (found_.is_answer()) return;
    if (!node) node = &in.table.add(std::move(blank));
    if (!node->load) {
        begun->node = node;
        node->load = std::move(begun);
    }
    load_ = node->load;
    identity_ = load_.get();
    ++load_->callers;
}

cache_ticket::cache_ticket(cache_ticket&& other) noexcept
    : core_(other.core_), load_(std::move(other.load_)), identity_(other.identity_), found_(std::move(other.found_)) {}

cache_ticket::~cache_ticket() {
    if (!load_) return;
    node_disposal removed;
    cache_stripe& in = core_->stripe_of(load_->hash);
    const std::lock_guard lock(in.mutex);
    if (--load_->callers > 0 || !load_->node) return;
    cache_node& node = *load_->node;
    core_->detach_load(node);
    if (node.listed) return;
    in.remove(node);
    removed.add(node);
}

bool cache_ticket::ended() {
    const std::lock_guard lock(core_->stripe_of(load_->hash).mutex);
    if (load_->ended && load_->failure)
        found_ = {.state = cache_state::absent, .loaded = true, .failure = load_->failure};
    return load_->ended;
}

cache_found cache_ticket::finish(const cache_loaded& value, time_point now) {
    if (!value.value) return fail(errc::not_found, now);
    cache_found found{.state = cache_state::fresh, .loaded = true, .value = value.value, .stored = now - value.age};
    cache_loaded kept = value;
    kept.ttl = core_->jittered(value.ttl);
    core_->counts.add(impl::loads);
    std::shared_ptr<const void> old;
    node_disposal removed;
    const std::lock_guard policy_lock(core_->mutex);
    {
        cache_stripe& in = core_->stripe_of(load_->hash);
        const std::lock_guard lock(in.mutex);
        load_->ended = true;
        cache_node* const node = load_->node;
        const bool stores = node && value.keep && lives(kept) && core_->policy.fits(value.weight);
        if (node) core_->detach_load(*node);
        if (!stores) {
            core_->counts.add(impl::refused);
            if (node) core_->empty(in, *node, removed);
            return found;
        }
        old = core_->set(*node, kept, now);
        core_->account(*node, value.weight);
        ++core_->stored;
        core_->sweep(in, now, removed);
    }
    core_->shrink(removed);
    return found;
}

cache_found cache_ticket::fail(const error& failed, time_point now) {
    const bool none = failed == errc::not_found;
    const duration ttl = none ? core_->options.negative_ttl : core_->options.error_ttl;
    cache_found found{.state = cache_state::absent, .loaded = true, .failure = failed};
    core_->counts.add(impl::loads);
    if (!none) core_->counts.add(impl::failed_loads);
    std::shared_ptr<const void> old;
    node_disposal removed;
    const std::lock_guard policy_lock(core_->mutex);
    {
        cache_stripe& in = core_->stripe_of(load_->hash);
        const std::lock_guard lock(in.mutex);
        load_->ended = true;
        load_->failure = failed;
        cache_node* const node = load_->node;
        if (!node) return found;
        core_->detach_load(*node);
        if (is_outage(failed) && node->listed && node->value && now < node->dead_at) {
            node->failure = failed;
            node->retry_at = later(now, ttl);
            core_->counts.add(impl::stale_on_error);
            return {.state = cache_state::stale, .value = node->value, .failure = failed, .stored = node->stored};
        }
        if (ttl == duration::zero() || failed == errc::cancelled || !core_->policy.fits(node->own_weight)) {
            core_->empty(in, *node, removed);
            return found;
        }
        old = core_->set(*node, {.ttl = ttl}, now);
        node->failure = failed;
        core_->account(*node, node->own_weight);
        core_->sweep(in, now, removed);
    }
    core_->shrink(removed);
    return found;
}

cache_found cache_ticket::instead(const error& failed, time_point now) const {
    const std::lock_guard lock(core_->stripe_of(load_->hash).mutex);
    const bool erased = !load_->node && !load_->ended;
    if (erased || !found_.value || !is_outage(failed) || now >= found_.dead_at)
        return {.state = cache_state::absent, .failure = failed};
    core_->counts.add(impl::stale_on_error);
    cache_found found = found_;
    found.state = cache_state::stale;
    found.failure = failed;
    return found;
}

} // namespace weir::detail
