// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/reflect/detail/json_type.hpp>
#include <weir/reflect/detail/json_write.hpp>
#include <weir/reflect/duration_format.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// How strictly JSON is read.
struct json_options {
    std::uint32_t max_depth = 64; ///< of nested objects and arrays
    /// Limit on the memory of list and map elements, as a multiple of the text's size: a few bytes of `{}` can become
    /// large structs. 1 MiB is always allowed.
    std::uint32_t max_expansion = 32;
    bool refuse_unknown = false; ///< treat unknown members as errors instead of ignoring them
    bool partial = false;        ///< missing members keep their values; for PATCH and layered settings
};

namespace reflect::detail {

result<void> read_json(std::string_view text, void* into, const json_type& type, const json_options& options);

} // namespace reflect::detail

/// Parses one JSON document (RFC 8259) into a described struct, or a vector or map of them. A member is required unless
/// it is an optional or its schema says `defaults(v)` or `not_required`; only optionals accept null. Numbers must fit
/// exactly, times are RFC 3339, durations like `1h30m`, enums their names. errc::invalid_argument has a message
/// `items[3].price: expected integer` and up to 32 details (field, rule, message); the rule is type, required, unknown,
/// duplicate, depth, expansion, syntax or collisions (over 32 names in one bucket of an unordered map, a sign of an
/// attack). After an error the contents of `into` are unspecified.
template<class T>
result<void> from_json(std::string_view text, T& into, const json_options& options = {}) {
    return reflect::detail::read_json(text, &into, reflect::detail::json_type_of<T>, options);
}

template<class T>
result<T> from_json(std::string_view text, const json_options& options = {}) {
    T value{};
    if (auto read = from_json(text, value, options); !read) return read.error();
    return value;
}

/// Appends the value as JSON: an empty optional member is omitted, an empty element of a list or map is null, NaN and
/// infinity are null, ill-formed UTF-8 is replaced. Allocates only in `out`.
template<class T>
void to_json(const T& value, std::string& out) {
    reflect::detail::json_output<false>(out).value(value);
}

template<class T>
std::string to_json(const T& value) {
    std::string out;
    to_json(value, out);
    return out;
}

/// As `to_json`, for logs and dumps: members marked `secret` are written as "***".
template<class T>
void to_log_json(const T& value, std::string& out) {
    reflect::detail::json_output<true>(out).value(value);
}

template<class T>
std::string to_log_json(const T& value) {
    std::string out;
    to_log_json(value, out);
    return out;
}

} // namespace weir
