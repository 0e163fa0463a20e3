// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_options.hpp>
#include <weir/cache/cache_weight.hpp>
#include <weir/cache/cached.hpp>
#include <weir/cache/detail/cache_key.hpp>
#include <weir/cache/detail/load_value.hpp>
#include <weir/core/loop.hpp>
#include <weir/resilience/single_flight.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace weir {

/// Values by key in this process's memory, loaded when they are asked for. Bounded by entries and bytes; an entry
/// leaves when it is too old or the cache is full. Concurrent loads of one key are one load, whose outcome all callers
/// get, also its error. Values are immutable and shared: `get_or` returns a copy, `lookup_or` and `find` don't copy.
/// Process-wide and thread-safe: an operation takes a lock for a few instructions. Loads in progress complete as if the
/// object still existed.
///
///     weir::cache<std::string, page> rooms({.size = 1000, .ttl = 30s});
///     auto shown = co_await rooms.get_or(key, [&] { return load(key); });
template<class K, class V>
class cache {
    static_assert(detail::cacheable_key<K>, "weir: a cache's key needs std::hash and operator==");
    using key_of = detail::cache_key<K>;

public:
    using key_view = typename key_of::view; ///< std::string_view for std::string
    /// Returns the bytes that an entry counts as in cache_options::bytes.
    using weigher = std::function<std::size_t(const K&, const V&)>;

    /// By default an entry weighs what it occupies: see owned_bytes. Throws std::invalid_argument for options out of
    /// range.
    explicit cache(cache_options options = {}, weigher weigh = {})
        : state_(std::make_shared<state>(std::move(options), std::move(weigh))) {}
    cache(const cache&) = delete;
    cache& operator=(const cache&) = delete;
    ~cache() = default;

    /// Returns the fresh value of the key, or calls `load` on this loop and stores its value. `load` returns V,
    /// std::optional<V>, std::shared_ptr<const V> or loaded_value<V>, or a result or task of these. No value and
    /// errc::not_found are remembered for `negative_ttl`, other errors for `error_ttl`; exceptions become errors. If
    /// the loading caller is cancelled, a waiting one loads again. A load must not ask for its own key: it would wait
    /// for itself. After `erase` during a load its value isn't stored.
    template<class F>
    auto get_or(key_view key, F&& load) {
        check<F>();
        return copy_of<std::decay_t<F>>(state_, K(key), std::forward<F>(load));
    }
    /// The same, without a copy and with the value's age.
    template<class F>
    auto lookup_or(key_view key, F&& load) {
        check<F>();
        return share_of<std::decay_t<F>>(state_, K(key), std::forward<F>(load));
    }

    /// Returns the value if it is fresh, or null.
    std::shared_ptr<const V> find(key_view key) {
        detail::cache_found found = state_->find(key, state_->core.now());
        if (found.state != detail::cache_state::fresh) return nullptr;
        return std::static_pointer_cast<const V>(std::move(found.value));
    }
    /// Returns the value, even if it is stale, as long as one of the options allows to serve it.
    std::optional<cached<V>> lookup(key_view key) {
        const time_point now = state_->core.now();
        detail::cache_found found = state_->find(key, now);
        if (!found.value) return std::nullopt;
        if (found.state != detail::cache_state::fresh) found.state = detail::cache_state::stale;
        return as_cached(std::move(found), now);
    }

    /// Stores a value; a load of the key in progress doesn't replace it. A value larger than the cache only removes the
    /// old one.
    void put(K key, V value) { put(std::move(key), detail::as_loaded<V>(std::move(value))); }
    void put(K key, loaded_value<V> value) {
        if (!value.value) return;
        const std::uint64_t hash = state_->hash(key);
        const detail::cache_loaded kept = state_->weighed(key, value);
        auto entry = state_->new_node(hash, std::move(key));
        state_->core.put(std::move(entry), kept, state_->core.now());
    }
    /// Removes the value and returns whether there was one. A load of the key in progress still yields its value to its
    /// callers, but doesn't store it; later callers load again. Call it after the change to the source is committed.
    bool erase(key_view key) { return state_->core.erase(state_->hash(key), key_of::address(key)); }
    /// The same for all keys.
    void clear() { state_->core.clear(); }

    cache_stats stats() const { return state_->core.stats(); }

private:
    struct state : std::enable_shared_from_this<state> {
        state(cache_options options, weigher weigh_by) : core(std::move(options)), weigh(std::move(weigh_by)) {}

        std::uint64_t hash(key_view key) const { return key_of::hash(seed, key); }
        detail::cache_found find(key_view key, time_point now) {
            return core.find(hash(key), key_of::address(key), now);
        }
        std::unique_ptr<detail::cache_node> new_node(std::uint64_t hashed, K key) const {
            const std::size_t owned = owned_bytes(key);
            return std::make_unique<detail::keyed_node<K>>(hashed, std::move(key), owned);
        }
        detail::cache_loaded weighed(const K& key, const loaded_value<V>& value) const {
            const cache_options& defaults = core.options();
            detail::cache_loaded made{.value = value.value, .age = value.age, .keep = value.keep};
            made.ttl = value.ttl.value_or(defaults.ttl);
            made.refresh_for = value.stale_while_revalidate.value_or(defaults.stale_while_revalidate);
            made.stale_for = value.stale_if_error.value_or(defaults.stale_if_error);
            if (value.value) made.weight = weight_of(key, *value.value);
            return made;
        }
        std::size_t weight_of(const K& key, const V& value) const {
            if (weigh) return weigh(key, value);
            return sizeof(detail::keyed_node<K>) + sizeof(V) + owned_bytes(key) + owned_bytes(value);
        }

        detail::cache_core core;
        const detail::cache_hash_seed seed{};
        const std::shared_ptr<resilience::detail::flight_table> flights = resilience::detail::new_flight_table();
        const weigher weigh;
    };

    template<class F>
    static constexpr void check() {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        static_assert(detail::loads<V, typename resilience::detail::call_result<std::decay_t<F>>::value_type>,
                      "the loader yields the cache's V, optional<V>, shared_ptr<const V> or loaded_value<V>");
    }

    static cached<V> as_cached(detail::cache_found found, time_point now) noexcept {
        return {.value = std::static_pointer_cast<const V>(std::move(found.value)),
                .age = now - found.stored,
                .stale = found.state == detail::cache_state::stale,
                .loaded = found.loaded,
                .failure = std::move(found.failure)};
    }

    template<class F>
    static task<result<V>> copy_of(std::shared_ptr<state> in, K key, F load) {
        detail::cache_found found = in->find(key, in->core.now());
        if (!found.is_answer()) found = co_await obtain(*in, key, load);
        if (!found.value) co_return found.failure;
        co_return *static_cast<const V*>(found.value.get());
    }
    template<class F>
    static task<result<cached<V>>> share_of(std::shared_ptr<state> in, K key, F load) {
        detail::cache_found found = in->find(key, in->core.now());
        if (!found.is_answer()) found = co_await obtain(*in, key, load);
        if (!found.value) co_return found.failure;
        co_return as_cached(std::move(found), in->core.now());
    }

    template<class F>
    static task<detail::cache_found> obtain(state& in, const K& key, F& load) {
        for (;;) {
            detail::cache_ticket ticket(in.core, in.new_node(in.hash(key), key), in.core.now());
            if (ticket.found().is_answer()) co_return ticket.found();
            if constexpr (detail::runs_in_background<F>)
                if (ticket.found().state == detail::cache_state::refresh) {
                    detail::cache_found stale = ticket.found();
                    stale.state = detail::cache_state::stale;
                    auto work = refresh<F>(in.shared_from_this(), key, load, std::move(ticket));
                    co_await in_background(std::move(work));
                    co_return stale;
                }
            auto found = co_await take_part(in, key, ticket, load);
            if (found.is_answer()) co_return found;
        }
    }

    template<class F>
    static task<void> refresh(std::shared_ptr<state> in, K key, F load, detail::cache_ticket ticket) {
        (void)co_await take_part(*in, key, ticket, load);
    }

    // Makes or shares the load. Yields no answer if the load ended before the caller took part in it.
    template<class F>
    static task<detail::cache_found> take_part(state& in, const K& key, detail::cache_ticket& ticket, F& load) {
        const executor here = co_await this_task;
        resilience::detail::flight_seat seat(in.flights, ticket.id(), here.context());
        if (!seat.leads()) {
            const errc left = co_await seat.wait();
            if (left != errc::ok) co_return ticket.instead(left, in.core.now());
            if (const auto landed = std::static_pointer_cast<const detail::cache_found>(seat.outcome()))
                co_return *landed;
        }
        if (ticket.ended()) co_return ticket.found();
        const duration limit = in.core.options().max_wait;
        const time_point late = detail::later(in.core.now(), limit);
        auto loaded = co_await detail::load_value_within<V>(limit, load);
        const bool cancelled = co_await resilience::detail::is_cancelled();
        const bool own_limit = !cancelled && late < here.context().deadline();
        if (!loaded && !own_limit && seat.gave_up(loaded.error(), cancelled))
            co_return ticket.instead(loaded.error(), in.core.now());
        detail::cache_found found = settle(in, key, ticket, loaded);
        if (seat.close()) seat.land(std::make_shared<const detail::cache_found>(found));
        co_return found;
    }

    static detail::cache_found settle(state& in, const K& key, detail::cache_ticket& ticket,
                                      const result<loaded_value<V>>& loaded) {
        const time_point now = in.core.now();
        if (!loaded) return ticket.fail(loaded.error(), now);
        if (!loaded->value) return ticket.fail(errc::not_found, now);
        return ticket.finish(weighed(in, key, *loaded), now);
    }

    // A value whose weigher throws isn't stored.
    static detail::cache_loaded weighed(const state& in, const K& key, const loaded_value<V>& value) noexcept {
        try {
            return in.weighed(key, value);
        } catch (...) {
            return {.value = value.value, .age = value.age, .keep = false};
        }
    }

    std::shared_ptr<state> state_;
};

} // namespace weir
