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
    /// What the elements of lists and maps may take in memory, as a multiple of the text's size: many `{}` would make
    /// large structs out of few bytes. 1 MiB is always allowed.
    std::uint32_t max_expansion = 32;
    bool refuse_unknown = false; ///< a member that the struct lacks is an error; ignored otherwise
    bool partial = false;        ///< missing members keep what they held: for PATCH and for layers of settings
};

namespace reflect::detail {

result<void> read_json(std::string_view text, void* into, const json_type& type, const json_options& options);

} // namespace reflect::detail

/// Reads one JSON document (RFC 8259) straight into a described struct, or a vector or map of them.
/// A member is required unless it is an optional or its schema says `defaults(v)` or `not_required`; null
/// is for optionals only. Numbers are exact or refused, points in time RFC 3339, durations like `1h30m`, enums their
/// names.
/// Errors: errc::invalid_argument, message `items[3].price: expected integer`, with a detail per mistake
/// (field, rule, message; up to 32) whose rule is type, required, unknown, duplicate, depth, expansion, collisions
/// (32 names in one bucket of an unordered map, which are chosen to be slow) or syntax.
/// What `into` holds after an error is unspecified.
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

/// Appends the value as JSON: an optional member that is empty is left out, an empty element of a list or
/// a map is null, NaN and infinity are null, ill-formed UTF-8 is replaced. Allocates in `out` only.
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

/// The same for logs and dumps: members marked `secret` are written as "***".
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
