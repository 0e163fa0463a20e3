// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

namespace weir {

/// Turns the values of a shared_cache into the bytes of its store and back. An error of `decode`, such as after a
/// change of V, makes the value be loaded again.
template<class V>
struct cache_codec {
    std::function<std::string(const V&)> encode{};
    std::function<result<V>(std::string_view)> decode{};
};

/// The default: strings as they are, everything else as JSON.
template<class V>
cache_codec<V> default_codec() {
    if constexpr (std::is_same_v<V, std::string>)
        return {.encode = [](const std::string& value) { return value; },
                .decode = [](std::string_view bytes) -> result<std::string> { return std::string(bytes); }};
    else
        return {.encode = [](const V& value) { return to_json(value); },
                .decode = [](std::string_view bytes) { return from_json<V>(bytes); }};
}

} // namespace weir
