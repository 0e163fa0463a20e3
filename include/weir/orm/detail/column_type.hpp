// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/time_text.hpp>
#include <weir/reflect/describe.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::orm {

/// The storage form of a column. Enums are stored by their described names, times as UTC strings of fixed width,
/// `2026-11-23T08:30:00.000000Z`, which sort by time and are readable by SQLite's date functions and by people.
enum class column_kind : std::uint8_t { integer, boolean, real, text, time, enumeration };

/// A member's C++ type as drivers see it; one constant per type, see column_type_of. The functions take a pointer to
/// the member; those a kind doesn't need are null.
struct column_type {
    column_kind kind = column_kind::integer;

    bool (*load)(const void* from, std::int64_t& to) = nullptr; ///< integer, boolean; returns false if out of range
    bool (*store)(void* to, std::int64_t from) = nullptr;
    /// time, enumeration; returns false if the value has no string form
    bool (*print)(const void* from, std::string& to) = nullptr;
    bool (*parse)(void* to, std::string_view from) = nullptr;

    const void* (*value)(const void* from) = nullptr; ///< std::optional: the contained value, or null
    void* (*engage)(void* to) = nullptr;
    void (*clear)(void* to) = nullptr;

    constexpr bool nullable() const { return value != nullptr; }
};

/// A value to send to the database: points to a member or an argument, without a copy or ownership. A null type stands
/// for SQL's NULL.
struct argument {
    const column_type* type = nullptr;
    const void* data = nullptr;
};

/// The destination of a column's value.
struct target {
    const column_type* type = nullptr;
    void* data = nullptr;
};

namespace detail {

template<class M>
constexpr column_type integer_type(column_kind kind) {
    column_type type;
    type.kind = kind;
    type.load = [](const void* from, std::int64_t& to) {
        const M value = *static_cast<const M*>(from);
        to = static_cast<std::int64_t>(value); // NOLINT(bugprone-signed-char-misuse): an int8_t is a number
        return std::in_range<std::int64_t>(value);
    };
    type.store = [](void* to, std::int64_t from) {
        *static_cast<M*>(to) = static_cast<M>(from);
        return std::in_range<M>(from);
    };
    return type;
}

constexpr column_type boolean_type() {
    column_type type;
    type.kind = column_kind::boolean;
    type.load = [](const void* from, std::int64_t& to) {
        to = *static_cast<const bool*>(from) ? 1 : 0;
        return true;
    };
    type.store = [](void* to, std::int64_t from) {
        *static_cast<bool*>(to) = from != 0;
        return true;
    };
    return type;
}

constexpr column_type time_type() {
    column_type type;
    type.kind = column_kind::time;
    type.print = [](const void* from, std::string& to) { return print_time(*static_cast<const wall_time*>(from), to); };
    type.parse = [](void* to, std::string_view from) { return parse_time(from, *static_cast<wall_time*>(to)); };
    return type;
}

template<class E>
constexpr column_type enum_type() {
    column_type type;
    type.kind = column_kind::enumeration;
    type.print = [](const void* from, std::string& to) {
        const std::string_view name = reflect::enum_name(*static_cast<const E*>(from));
        to += name;
        return !name.empty();
    };
    type.parse = [](void* to, std::string_view from) {
        const auto value = reflect::enum_value<E>(from);
        if (value) *static_cast<E*>(to) = *value;
        return value.has_value();
    };
    return type;
}

constexpr column_type plain_type(column_kind kind) {
    column_type type;
    type.kind = kind;
    return type;
}

template<class M>
constexpr column_type type_of();

template<class M>
constexpr column_type optional_type() {
    column_type type = type_of<M>();
    static_assert(!type_of<M>().nullable(), "an optional of an optional isn't a column");
    using kept = std::optional<M>;
    type.value = [](const void* from) -> const void* {
        const auto& member = *static_cast<const kept*>(from);
        return member ? &*member : nullptr;
    };
    type.engage = [](void* to) -> void* { return &static_cast<kept*>(to)->emplace(); };
    type.clear = [](void* to) { static_cast<kept*>(to)->reset(); };
    return type;
}

template<class M>
constexpr column_type type_of() {
    if constexpr (reflect::detail::is_optional<M>)
        return optional_type<typename M::value_type>();
    else if constexpr (std::same_as<M, bool>)
        return boolean_type();
    else if constexpr (std::integral<M>)
        return integer_type<M>(column_kind::integer);
    else if constexpr (std::same_as<M, double>)
        return plain_type(column_kind::real);
    else if constexpr (std::same_as<M, std::string>)
        return plain_type(column_kind::text);
    else if constexpr (std::same_as<M, wall_time>)
        return time_type();
    else if constexpr (reflect::described_enum<M>)
        return enum_type<M>();
    else
        static_assert(!sizeof(M), "no column type: integers, bool, double, std::string, weir::wall_time, described "
                                  "enums and std::optional of these are columns");
}

} // namespace detail

/// The column type of a member of type M; fails to compile if M cannot be a column.
template<class M>
inline constexpr column_type column_type_of = detail::type_of<M>();

} // namespace weir::orm
