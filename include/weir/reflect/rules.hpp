// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/json_writer.hpp>
#include <weir/core/utf8.hpp>
#include <weir/reflect/describe.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The rules and attributes that `schema<T>` gives to members. Each is a small constexpr value with a `name()`;
/// `fit<M>()` checks at compile time that it suits a member of type M. A validating rule also has `holds(value)` and
/// `message()`, which describes the accepted values; for an optional it checks the contained value. Any type with these
/// functions is a rule; if its `holds` doesn't accept the member's type, the schema doesn't compile.
namespace weir::rules {

template<class M>
concept text = std::convertible_to<const M&, std::string_view>;
template<class M>
concept number = std::is_arithmetic_v<M> && !std::same_as<M, bool> && !std::same_as<M, char>;
template<class M>
concept many = !text<M> && requires(const M& items) {
    { items.size() } -> std::convertible_to<std::size_t>;
    items.begin();
};

namespace detail {

template<class Left, class Right>
constexpr bool less(Left left, Right right) {
    if constexpr (std::integral<Left> && std::integral<Right>)
        return std::cmp_less(left, right);
    else
        return static_cast<double>(left) < static_cast<double>(right);
}

template<class Number>
std::string& append(std::string& out, Number value) {
    append_json(out, value);
    return out;
}

bool is_email(std::string_view text) noexcept;

} // namespace detail

struct not_empty {
    static constexpr std::string_view name() { return "not_empty"; }

    template<class M>
    static constexpr void fit() {
        static_assert(text<M> || many<M>, "weir: not_empty is for a string, a vector or a map");
    }
    static constexpr bool holds(const auto& value) {
        if constexpr (text<std::remove_cvref_t<decltype(value)>>)
            return !std::string_view(value).empty();
        else
            return value.size() != 0;
    }
    static std::string message() { return "must not be empty"; }
};

/// Lengths of strings are in Unicode code points.
struct min_length {
    std::size_t least = 0;

    static constexpr std::string_view name() { return "min_length"; }

    template<class M>
    static constexpr void fit() {
        static_assert(text<M>, "weir: min_length is for a string; a vector has min_items, a number has min");
    }
    bool holds(std::string_view value) const { return utf8_length(value) >= least; }
    std::string message() const { return "must have at least " + std::to_string(least) + " characters"; }
};

struct max_length {
    std::size_t most = 0;

    static constexpr std::string_view name() { return "max_length"; }

    template<class M>
    static constexpr void fit() {
        static_assert(text<M>, "weir: max_length is for a string; a vector has max_items, a number has max");
    }
    bool holds(std::string_view value) const { return value.size() <= most || utf8_length(value) <= most; }
    std::string message() const { return "must have at most " + std::to_string(most) + " characters"; }
};

struct min_items {
    std::size_t least = 0;

    static constexpr std::string_view name() { return "min_items"; }

    template<class M>
    static constexpr void fit() {
        static_assert(many<M>, "weir: min_items is for a vector or a map; a string has min_length");
    }
    constexpr bool holds(const auto& value) const { return value.size() >= least; }
    std::string message() const { return "must have at least " + std::to_string(least) + " items"; }
};

struct max_items {
    std::size_t most = 0;

    static constexpr std::string_view name() { return "max_items"; }

    template<class M>
    static constexpr void fit() {
        static_assert(many<M>, "weir: max_items is for a vector or a map; a string has max_length");
    }
    constexpr bool holds(const auto& value) const { return value.size() <= most; }
    std::string message() const { return "must have at most " + std::to_string(most) + " items"; }
};

/// NaN violates min, max and range.
template<number Bound>
struct min {
    Bound least{};

    static constexpr std::string_view name() { return "min"; }

    template<class M>
    static constexpr void fit() {
        static_assert(number<M>, "weir: min is for a number; a string has min_length, a vector has min_items");
    }
    constexpr bool holds(number auto value) const { return value == value && !detail::less(value, least); }
    std::string message() const {
        std::string text = "must be at least ";
        return detail::append(text, least);
    }
};

template<number Bound>
struct max {
    Bound most{};

    static constexpr std::string_view name() { return "max"; }

    template<class M>
    static constexpr void fit() {
        static_assert(number<M>, "weir: max is for a number; a string has max_length, a vector has max_items");
    }
    constexpr bool holds(number auto value) const { return value == value && !detail::less(most, value); }
    std::string message() const {
        std::string text = "must be at most ";
        return detail::append(text, most);
    }
};

template<number Bound>
struct range {
    Bound low{};
    Bound high{};

    static constexpr std::string_view name() { return "range"; }

    template<class M>
    static constexpr void fit() {
        static_assert(number<M>, "weir: range is for a number; a string has min_length and max_length");
    }
    constexpr bool holds(number auto value) const {
        return value == value && !detail::less(value, low) && !detail::less(high, value);
    }
    std::string message() const {
        std::string text = "must be between ";
        detail::append(text, low) += " and ";
        return detail::append(text, high);
    }
};

template<std::size_t Count>
struct one_of {
    std::array<std::string_view, Count> choices{};

    static constexpr std::string_view name() { return "one_of"; }

    template<class M>
    static constexpr void fit() {
        static_assert(text<M>, "weir: one_of is for a string; describe an enum with BOOST_DESCRIBE_ENUM instead");
    }
    constexpr bool holds(std::string_view value) const {
        for (const auto choice : choices)
            if (choice == value) return true;
        return false;
    }
    std::string message() const {
        std::string text = "must be one of ";
        for (const auto choice : choices) text.append(choice).append(", ");
        text.resize(text.size() - 2);
        return text;
    }
};

/// One `@` between a local part and a domain with a dot, no spaces, at most 254 bytes. Doesn't check that the mailbox
/// exists.
struct email {
    static constexpr std::string_view name() { return "email"; }

    template<class M>
    static constexpr void fit() {
        static_assert(text<M>, "weir: email is for a string");
    }
    static bool holds(std::string_view value) { return detail::is_email(value); }
    static std::string message() { return "must be an e-mail address"; }
};

/// An attribute that suits any member and validates nothing.
template<class Derived>
struct attribute {
    template<class M>
    static constexpr void fit() {}
};

/// Shown as *** in logs and dumps; `to_json` still writes the value, because it may be meant for the client.
struct secret : attribute<secret> {
    static constexpr std::string_view name() { return "secret"; }
};

/// The column's values are unique.
struct unique : attribute<unique> {
    static constexpr std::string_view name() { return "unique"; }
};

/// The table has an index on this column.
struct index : attribute<index> {
    static constexpr std::string_view name() { return "index"; }
};

/// What happens to the referring rows when the row they refer to is erased.
enum class on_delete : std::uint8_t {
    restrict, ///< the row can't be erased
    cascade,  ///< they are erased as well
    set_null  ///< their reference becomes null; for a std::optional member
};

/// Holds the key of a row of this or another table.
template<class Pointer>
struct references {
    Pointer member{};
    on_delete action = on_delete::restrict;

    static constexpr std::string_view name() { return "references"; }

    template<class M>
    static constexpr void fit() {
        static_assert(std::same_as<M, typename reflect::detail::member_pointer<Pointer>::value>,
                      "weir: a member with references(...) must have the type of the member it refers to");
    }
};

/// The program assigns this integer key; otherwise the database generates it.
struct assigned : attribute<assigned> {
    static constexpr std::string_view name() { return "assigned"; }
};

/// May be missing from JSON and config; the member then keeps its initialiser.
struct not_required : attribute<not_required> {
    static constexpr std::string_view name() { return "not_required"; }
};

/// May be missing from JSON and config; the member then has this value. A table's column gets it as its DEFAULT.
template<class Value>
struct defaults {
    Value value{};

    static constexpr std::string_view name() { return "defaults"; }

    template<class M>
    static constexpr void fit() {
        static_assert(
            std::is_assignable_v<M&, const Value&>, "weir: defaults(...) doesn't convert to the member's type");
    }
};

} // namespace weir::rules

namespace weir {

inline constexpr rules::not_empty not_empty{};
inline constexpr rules::email email{};
inline constexpr rules::secret secret{};
inline constexpr rules::unique unique{};
inline constexpr rules::index index{};
inline constexpr rules::assigned assigned{};
inline constexpr rules::not_required not_required{};

using rules::on_delete;

/// `references(&user::id)`, `references(&user::id, on_delete::cascade)`
template<class Value, class Owner>
constexpr rules::references<Value Owner::*> references(Value Owner::*key, on_delete action = on_delete::restrict) {
    return {key, action};
}

constexpr rules::min_length min_length(std::size_t code_points) { return {code_points}; }
constexpr rules::max_length max_length(std::size_t code_points) { return {code_points}; }
constexpr rules::min_items min_items(std::size_t count) { return {count}; }
constexpr rules::max_items max_items(std::size_t count) { return {count}; }

template<rules::number Bound>
constexpr rules::min<Bound> min(Bound least) {
    return {least};
}

template<rules::number Bound>
constexpr rules::max<Bound> max(Bound most) {
    return {most};
}

template<rules::number Bound>
constexpr rules::range<Bound> range(Bound low, Bound high) {
    return {low, high};
}

template<std::convertible_to<std::string_view>... Choices>
    requires(sizeof...(Choices) > 0)
constexpr rules::one_of<sizeof...(Choices)> one_of(Choices... choices) { return {{std::string_view(choices)...}}; }

template<class Value>
constexpr auto defaults(Value value) {
    if constexpr (std::convertible_to<Value, std::string_view>)
        return rules::defaults<std::string_view>{value};
    else
        return rules::defaults<Value>{value};
}

} // namespace weir
