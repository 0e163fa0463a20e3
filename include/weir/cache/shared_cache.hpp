// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache.hpp>
#include <weir/cache/cache_codec.hpp>
#include <weir/cache/cache_store.hpp>
#include <weir/cache/detail/second_level.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

struct shared_cache_options {
    std::string prefix{};                            ///< of the keys in the store; one per kind of value
    duration ttl = std::chrono::minutes(5);          ///< how long the store keeps a value
    double ttl_jitter = 0.1;                         ///< as in cache_options
    duration negative_ttl = std::chrono::seconds(1); ///< how long the store remembers that there is no value
    /// How long this process uses a value without asking the store: the bound of staleness while announcements of
    /// erasures are lost unnoticed.
    duration level1_ttl = std::chrono::seconds(5);
    duration store_timeout = std::chrono::milliseconds(100); ///< of each call to the store
    cache_options level1{}; ///< of the memory of this process; its ttl, jitter and negative_ttl are given above
};

struct shared_cache_stats {
    cache_stats level1{};
    std::uint64_t store_hits = 0;     ///< values and absences that the store had
    std::uint64_t store_misses = 0;   ///< keys that were loaded from the source
    std::uint64_t store_failures = 0; ///< failed calls to the store
    std::uint64_t store_skipped = 0;  ///< loads without the store, because it fails or has an outdated value
    std::uint64_t written = 0;        ///< values stored
    std::uint64_t outdated = 0;       ///< values that the store refused because of a later erasure
    std::uint64_t undecodable = 0;    ///< bytes in the store that aren't a V
    std::uint64_t announced = 0;      ///< erasures announced by the store
    std::uint64_t gaps = 0;           ///< times that announcements may have been lost
    std::size_t unsent_erasures = 0;  ///< erasures that the store hasn't got yet
    bool store_available = true;
};

namespace detail {

template<class K>
concept named_key = std::same_as<K, std::string> ||(std::integral<K> && !std::same_as<K, bool>);

// Throws std::invalid_argument naming the first option out of range.
shared_cache_options checked_shared_cache(shared_cache_options given);
cache_options level1_of(const shared_cache_options& given);
second_level_options level2_of(const shared_cache_options& given);
// Applies the jitter.
duration shortened(duration ttl, const shared_cache_options& given) noexcept;

inline std::string name_of_key(std::string_view key) { return std::string(key); }
template<std::integral K>
std::string name_of_key(K key) {
    return std::to_string(key);
}

} // namespace detail

/// A cache whose values the instances of a service share: level 1 is a weir::cache in this process, level 2 a
/// cache_store such as Redis. `erase` removes a value from both and from the level 1 of all instances, which the store
/// tells. If these announcements are lost, an instance serves an old value for at most `level1_ttl`, plus the stale
/// times of `level1`; when the store reports a gap, level 1 is emptied. While the store is down, level 1 and the loader
/// serve, and erasures are kept for it. K is std::string or an integer. Process-wide and thread-safe.
///
///     weir::shared_cache<std::string, page> rooms(store, {.prefix = "rooms:", .ttl = 10min});
template<class K, class V>
class shared_cache {
    static_assert(detail::named_key<K>, "weir: the key of a shared_cache is std::string or an integer");

public:
    using key_view = typename cache<K, V>::key_view;

    /// The store must outlive this object and its loads. Throws std::invalid_argument for options out of range.
    explicit shared_cache(cache_store& store, shared_cache_options options = {},
                          cache_codec<V> codec = default_codec<V>())
        : state_(std::make_shared<state>(store, std::move(options), std::move(codec))) {
        feed_ = store.subscribe(state_->options.prefix, feed_of(state_));
    }
    shared_cache(const shared_cache&) = delete;
    shared_cache& operator=(const shared_cache&) = delete;
    ~shared_cache() = default;

    /// As cache::get_or, but asks the store before it calls `load`, and stores the loaded value there, in the
    /// background.
    template<class F>
    auto get_or(key_view key, F&& load) {
        check<F>();
        return copy_of<std::decay_t<F>>(state_, K(key), std::forward<F>(load));
    }
    /// As cache::lookup_or.
    template<class F>
    auto lookup_or(key_view key, F&& load) {
        check<F>();
        return share_of<std::decay_t<F>>(state_, K(key), std::forward<F>(load));
    }
    /// Finds a fresh value in level 1.
    std::shared_ptr<const V> find(key_view key) { return state_->local.find(key); }

    /// Removes the value here at once, then in the store and in the other instances. After an error the store gets the
    /// erasure later, and this process doesn't use the store's value meanwhile.
    [[nodiscard]] task<result<void>> erase(key_view key) {
        erase_later(key);
        return flush_of(state_);
    }
    /// Removes the value here, and notes its erasure for the next call that uses the store, or `flush`. For places that
    /// can't wait, such as a transaction's `on_commit`.
    void erase_later(key_view key) {
        state_->second->note_erasure(state_->name_of(key));
        state_->local.erase(key);
    }
    /// Sends the noted erasures.
    task<result<void>> flush() { return flush_of(state_); }

    shared_cache_stats stats() const {
        const detail::second_level_stats store = state_->second->stats();
        return {
            .level1 = state_->local.stats(),
            .store_hits = store.hits,
            .store_misses = store.misses,
            .store_failures = store.failures,
            .store_skipped = store.skipped,
            .written = store.written,
            .outdated = store.outdated,
            .undecodable = state_->undecodable.load(std::memory_order_relaxed),
            .announced = state_->announced.load(std::memory_order_relaxed),
            .gaps = state_->gaps.load(std::memory_order_relaxed),
            .unsent_erasures = state_->second->unsent(),
            .store_available = state_->second->state() == circuit_state::closed};
    }

private:
    // The first byte of what is stored.
    static constexpr char value_mark = '+';
    static constexpr char absence_mark = '-';

    struct state {
        state(cache_store& store, shared_cache_options given, cache_codec<V> with)
            : options(detail::checked_shared_cache(std::move(given))), codec(std::move(with)),
              local(detail::level1_of(options)),
              second(std::make_shared<detail::second_level>(store, detail::level2_of(options))) {}

        std::string name_of(key_view key) const { return second->name_of(detail::name_of_key(key)); }
        duration local_ttl(duration left) const noexcept { return std::min(left, options.level1_ttl); }

        // Called by the store's feed.
        void forget(std::string_view name) noexcept {
            announced.fetch_add(1, std::memory_order_relaxed);
            name.remove_prefix(std::min(options.prefix.size(), name.size()));
            if constexpr (std::same_as<K, std::string>) {
                local.erase(name);
            } else {
                K key{};
                const auto end = name.data() + name.size();
                if (const auto read = std::from_chars(name.data(), end, key); read.ptr == end) local.erase(key);
            }
        }
        void forget_all() noexcept {
            gaps.fetch_add(1, std::memory_order_relaxed);
            local.clear();
        }

        const shared_cache_options options;
        const cache_codec<V> codec;
        cache<K, V> local;
        const std::shared_ptr<detail::second_level> second;
        std::atomic<std::uint64_t> undecodable{0};
        std::atomic<std::uint64_t> announced{0};
        std::atomic<std::uint64_t> gaps{0};
    };
    using shared_state = std::shared_ptr<state>;

    template<class F>
    static constexpr void check() {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        static_assert(detail::loads<V, typename resilience::detail::call_result<std::decay_t<F>>::value_type>,
                      "the loader yields the cache's V, optional<V>, shared_ptr<const V> or loaded_value<V>");
    }

    static cache_feed feed_of(const std::weak_ptr<state>& of) {
        return {.on_erase =
                    [of](std::string_view name) {
                        if (const auto in = of.lock()) in->forget(name);
                    },
                .on_gap =
                    [of] {
                        if (const auto in = of.lock()) in->forget_all();
                    }};
    }

    static task<result<void>> flush_of(shared_state in) { co_return co_await in->second->flush(); }

    template<class F>
    static task<result<V>> copy_of(shared_state in, K key, F load) {
        auto found = co_await share_of<F>(in, key, load);
        if (!found) co_return found.error();
        co_return *found->value;
    }
    template<class F>
    static task<result<cached<V>>> share_of(shared_state in, K key, F load) {
        if constexpr (detail::runs_in_background<F>) {
            auto f = background_load([in, key, load]() mutable { return fetch<F>(in, key, load); });
            auto found = co_await in->local.lookup_or(key, f);
            co_return found;
        } else {
            auto f = [&in, &key, &load] { return fetch<F>(in, key, load); };
            auto found = co_await in->local.lookup_or(key, f);
            co_return found;
        }
    }

    // Level 1's loader. Owns what it uses, but for `load` itself, which its caller keeps.
    template<class F>
    static task<result<loaded_value<V>>> fetch(shared_state in, K key, F& load) {
        const std::string name = in->name_of(key);
        const detail::second_level_entry known = co_await in->second->get(name);
        if (known.entry.value)
            if (auto decoded = decode(*in, known.entry)) co_return std::move(*decoded);
        auto loaded = co_await detail::load_value<V>(load);
        const bool settled = loaded ? loaded->keep : loaded.error() == errc::not_found;
        if (known.answered && settled) {
            const duration ttl = lifetime(*in, loaded);
            auto bytes = encode(*in, loaded);
            if (bytes && ttl > duration::zero()) {
                auto work = detail::second_level::write(in->second, name, std::move(*bytes), ttl, known.entry.lease);
                co_await in_background(std::move(work));
            }
        }
        if (loaded) loaded->ttl = in->local_ttl(loaded->ttl.value_or(in->options.ttl));
        co_return loaded;
    }

    static duration lifetime(const state& in, const result<loaded_value<V>>& loaded) {
        if (!loaded || !loaded->value) return in.options.negative_ttl;
        const duration given = loaded->ttl.value_or(in.options.ttl);
        return detail::shortened(given > loaded->age ? given - loaded->age : duration::zero(), in.options);
    }

    static std::optional<loaded_value<V>> decode(state& in, const cache_store_entry& entry) {
        const std::string_view bytes = *entry.value;
        if (bytes == std::string_view(&absence_mark, 1)) return loaded_value<V>{};
        if (bytes.starts_with(value_mark)) {
            try {
                if (auto value = in.codec.decode(bytes.substr(1))) {
                    auto made = detail::as_loaded<V>(std::move(*value));
                    made.ttl = in.local_ttl(entry.ttl);
                    return made;
                }
            } catch (...) { // counts as undecodable
            }
        }
        in.undecodable.fetch_add(1, std::memory_order_relaxed);
        return std::nullopt;
    }

    // Returns nothing if the codec fails: the value is then kept in level 1 only.
    static std::optional<std::string> encode(const state& in, const result<loaded_value<V>>& loaded) noexcept {
        try {
            if (!loaded || !loaded->value) return std::string(1, absence_mark);
            return value_mark + in.codec.encode(*loaded->value);
        } catch (...) {
            return std::nullopt;
        }
    }

    shared_state state_;
    std::shared_ptr<void> feed_{};
};

} // namespace weir
