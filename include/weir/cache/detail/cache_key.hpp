// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/detail/cache_core.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::detail {

// How keys are passed: a string as a view, so that a lookup needs no copy.
template<class K>
struct cache_key {
    using view = const K&;
    static const void* address(const K& key) noexcept { return &key; }
    static bool equal(const K& key, const void* address) { return key == *static_cast<const K*>(address); }
    static std::uint64_t hash(const cache_hash_seed& seed, const K& key) { return seed.of(std::hash<K>()(key)); }
};

template<>
struct cache_key<std::string> {
    using view = const std::string_view&;
    static const void* address(const std::string_view& key) noexcept { return &key; }
    static bool equal(const std::string& key, const void* address) noexcept {
        return key == *static_cast<const std::string_view*>(address);
    }
    static std::uint64_t hash(const cache_hash_seed& seed, std::string_view key) noexcept { return seed.of(key); }
};

template<class K>
concept cacheable_key = std::same_as<K, std::string> || requires(const K& key) {
    { std::hash<K>()(key) } -> std::convertible_to<std::size_t>;
    { key == key } -> std::convertible_to<bool>;
};

template<class K>
struct keyed_node final : cache_node {
    keyed_node(std::uint64_t hashed, K of, std::size_t key_weight)
        : cache_node(hashed, sizeof(keyed_node) + key_weight), key(std::move(of)) {}

    bool has_key(const void* address) const override { return cache_key<K>::equal(key, address); }
    bool has_key_of(const cache_node& other) const override { return key == static_cast<const keyed_node&>(other).key; }

    const K key;
};

} // namespace weir::detail
