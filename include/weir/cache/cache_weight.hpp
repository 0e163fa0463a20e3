// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/describe.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>

namespace weir {

/// Returns about how many bytes a value owns beside its own size: the characters of strings, the elements of containers
/// and what they own, and the members of described structs. Other types count as owning nothing, so a cache of them
/// with a limit in bytes needs a weigher.
template<class T>
std::size_t owned_bytes(const T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
        return 0;
    } else if constexpr (std::ranges::sized_range<const T>) {
        using element = std::ranges::range_value_t<const T>;
        std::size_t sum = std::ranges::size(value) * sizeof(element);
        if constexpr (!std::is_trivially_copyable_v<element>)
            for (const auto& one : value) sum += owned_bytes(one);
        return sum;
    } else if constexpr (requires {
                             value.has_value();
                             *value;
                         }) {
        return value.has_value() ? owned_bytes(*value) : 0;
    } else if constexpr (requires {
                             value.first;
                             value.second;
                         }) {
        return owned_bytes(value.first) + owned_bytes(value.second);
    } else if constexpr (reflect::described<T>) {
        std::size_t sum = 0;
        boost::mp11::mp_for_each<typename reflect::detail::members<T>::list>([&](auto member) {
            sum += owned_bytes(value.*member.pointer);
        });
        return sum;
    } else {
        return 0;
    }
}

} // namespace weir
