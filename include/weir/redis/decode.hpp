// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/redis/reply.hpp>
#include <weir/reflect/describe.hpp>
#include <weir/reflect/text_format.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::redis {

/// Returns the error of an error reply. Its code is the reply's first word in lower case (`wrongtype`), its cause has
/// the server's text.
///
/// - unavailable: LOADING, BUSY, READONLY, OOM, MASTERDOWN, NOREPLICAS, CLUSTERDOWN, TRYAGAIN, MISCONF
/// - already_exists: BUSYGROUP, BUSYKEY; not_found: NOGROUP; invalid_argument: CROSSSLOT
/// - internal: NOAUTH, WRONGPASS, NOPERM, WRONGTYPE, NOSCRIPT, MOVED, ASK, EXECABORT; unknown: all others
error error_of(std::string_view error_reply);

namespace detail {

error unexpected_reply(reply_view got, std::string_view wanted);
error decode_integer(reply_view from, std::int64_t& out);
error decode_unsigned(reply_view from, std::uint64_t& out);
error decode_double(reply_view from, double& out);
error decode_bool(reply_view from, bool& out);
error decode_text(reply_view from, std::string& out);
// The text of a string, a status or an integer.
error text_of(reply_view from, std::string& room, std::string_view& out);
// Checks that a reply is an array; with `size`, of that many elements.
error check_array(reply_view from);
error check_array(reply_view from, std::size_t size);
error check_pairs(reply_view from);

template<class T>
error decode_any(reply_view from, T& out);

template<class T>
concept map_like = requires(T& all, typename T::key_type key, typename T::mapped_type value) {
    all.insert_or_assign(std::move(key), std::move(value));
};

template<class T>
concept list_like = requires(T& all, typename T::value_type one) {
    all.insert(all.end(), std::move(one));
};

template<class T>
inline constexpr bool pair_like = false;
template<class A, class B>
inline constexpr bool pair_like<std::pair<A, B>> = true;

template<class T>
concept tuple_like = requires {
    std::tuple_size<T>::value;
};

template<class T>
error decode_optional(reply_view from, std::optional<T>& out) {
    out.reset();
    if (from.is_nil()) return {};
    if constexpr (reflect::described<T>)
        if (from.kind() == reply_kind::array && from.size() == 0) return {}; // HGETALL of a missing key
    return decode_any(from, out.emplace());
}

template<class T>
error decode_number(reply_view from, T& out) {
    using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    wide value = 0;
    error failed;
    if constexpr (std::is_signed_v<T>)
        failed = decode_integer(from, value);
    else
        failed = decode_unsigned(from, value);
    if (failed) return failed;
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
        return unexpected_reply(from, "an integer of fewer bits");
    out = static_cast<T>(value);
    return {};
}

// Calls `f(key, value)` for each pair of a flat array, or of an array of pairs.
template<class F>
error for_each_pair(reply_view from, F f) {
    if (error wrong = check_pairs(from)) return wrong;
    for (auto at = from.begin(); at != from.end(); ++at) {
        const reply_view first = *at;
        error wrong;
        if (first.kind() == reply_kind::array) {
            wrong = f(*first.begin(), *++first.begin());
        } else {
            ++at;
            wrong = f(first, *at);
        }
        if (wrong) return wrong;
    }
    return {};
}

template<class T>
error decode_list(reply_view from, T& out) {
    if (error wrong = check_array(from)) return wrong;
    out.clear();
    if constexpr (requires { out.reserve(from.size()); }) out.reserve(from.size());
    if constexpr (pair_like<typename T::value_type>)
        return for_each_pair(from, [&out](reply_view k, reply_view v) -> error {
            typename T::value_type both{};
            if (error wrong = decode_any(k, both.first)) return wrong;
            if (error wrong = decode_any(v, both.second)) return wrong;
            out.insert(out.end(), std::move(both));
            return {};
        });
    for (const reply_view one : from) {
        typename T::value_type value{};
        if (error wrong = decode_any(one, value)) return wrong;
        out.insert(out.end(), std::move(value));
    }
    return {};
}

template<class T>
error decode_map(reply_view from, T& out) {
    out.clear();
    return for_each_pair(from, [&out](reply_view k, reply_view v) -> error {
        typename T::key_type key{};
        typename T::mapped_type value{};
        if (error wrong = decode_any(k, key)) return wrong;
        if (error wrong = decode_any(v, value)) return wrong;
        out.insert_or_assign(std::move(key), std::move(value));
        return {};
    });
}

template<class T>
error decode_tuple(reply_view from, T& out) {
    if (error wrong = check_array(from, std::tuple_size_v<T>)) return wrong;
    auto at = from.begin();
    error wrong;
    const auto next = [&](auto& into) {
        wrong = decode_any(*at, into);
        ++at;
        return !wrong;
    };
    std::apply([&](auto&... each) { (void)(next(each) && ...); }, out);
    return wrong;
}

// Fields that no member is named after are skipped.
template<class T>
error decode_field(std::string_view name, reply_view value, T& out) {
    error wrong;
    const auto matches = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        using member = typename reflect::detail::members<T>::template at<I>;
        if (name != member::name) return false;
        wrong = decode_any(value, out.*member::pointer);
        return true;
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (void)(matches(std::integral_constant<std::size_t, I>()) || ...);
    }
    (std::make_index_sequence<reflect::field_count<T>>());
    return wrong;
}

template<class T>
error decode_struct(reply_view from, T& out) {
    if (from.kind() == reply_kind::array && from.size() == 0) return errc::not_found;
    std::string room;
    return for_each_pair(from, [&](reply_view k, reply_view v) -> error {
        std::string_view name;
        if (error wrong = text_of(k, room, name)) return wrong;
        return decode_field(name, v, out);
    });
}

template<class T>
error decode_formatted(reply_view from, T& out) {
    std::string room;
    std::string_view text;
    if (error wrong = text_of(from, room, text)) return wrong;
    std::optional<T> read;
    if constexpr (reflect::described_enum<T>)
        read = reflect::enum_value<T>(text);
    else
        read = reflect::text_format<T>::parse(text);
    if (!read) return unexpected_reply(from, "a value of the member's type");
    out = std::move(*read);
    return {};
}

template<class T>
error decode_any(reply_view from, T& out) {
    if constexpr (std::same_as<T, reply>) {
        out = reply(from);
        return {};
    } else {
        if (from.kind() == reply_kind::error) return error_of(from.text());
        if constexpr (reflect::detail::is_optional<T>)
            return decode_optional(from, out);
        else if constexpr (std::same_as<T, bool>)
            return decode_bool(from, out);
        else if (from.is_nil())
            return errc::not_found;
        else if constexpr (std::same_as<T, std::string>)
            return decode_text(from, out);
        else if constexpr (std::integral<T>)
            return decode_number(from, out);
        else if constexpr (std::same_as<T, double>)
            return decode_double(from, out);
        else if constexpr (reflect::described_enum<T> || reflect::has_text_format<T>)
            return decode_formatted(from, out);
        else if constexpr (reflect::described<T>)
            return decode_struct(from, out);
        else if constexpr (map_like<T>)
            return decode_map(from, out);
        else if constexpr (list_like<T>)
            return decode_list(from, out);
        else {
            static_assert(tuple_like<T>, "weir: a reply has no conversion to this type");
            return decode_tuple(from, out);
        }
    }
}

} // namespace detail

/// Converts a reply, or returns the error of an error reply. errc::not_found for nil unless T is optional or bool, and
/// for an empty array as a described struct, which HGETALL returns for a missing key. errc::internal if the reply's
/// shape doesn't fit T. T is `reply`, std::string, bool (nil is false), an integer, double, a described enum, a type
/// with a text_format, a list or a map of these (pairs may be nested or alternate), a pair, a tuple, an std::optional,
/// or a described struct, whose members are the fields of that name: others are skipped, and a member without a field
/// keeps its default.
template<class T>
error decode(reply_view from, T& out) {
    return detail::decode_any(from, out);
}

} // namespace weir::redis
