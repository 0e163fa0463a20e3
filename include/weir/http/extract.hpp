// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/fixed_string.hpp>
#include <weir/http/message.hpp>
#include <weir/reflect/json.hpp>
#include <weir/reflect/validate.hpp>
#include <weir/security/principal.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir {
class session;
} // namespace weir

namespace weir::http {

/// A path parameter, percent-decoded and parsed: `path<"id", std::int64_t> id`. Converts to its value. T is a boolean,
/// a number, a string, an enum, a time or a duration; 400 when the segment isn't one.
template<fixed_string Name, class T>
class path {
public:
    static constexpr auto name = Name;

    explicit path(T value) : value_(std::move(value)) {}

    const T& operator*() const noexcept { return value_; }
    const T* operator->() const noexcept { return &value_; }
    operator const T&() const noexcept { return value_; }

private:
    T value_;
};

/// The query string bound to a described struct. Absent members keep the defaults of the schema or else of the struct;
/// unknown names are ignored; an empty value leaves an optional number absent. Values are written as in configuration:
/// decimal numbers, true and false (also 1, on and 0), enums by name, times as RFC 3339, durations like `1h30m`. A
/// vector takes the values of a repeated name (`?tag=a&tag=b`). 400 for a value of the wrong type and for a second
/// value of any other member, 422 when the struct's schema is violated.
template<class T>
class query {
public:
    explicit query(T value) : value_(std::move(value)) {}

    const T& operator*() const noexcept { return value_; }
    const T* operator->() const noexcept { return &value_; }

private:
    T value_;
};

/// The body as JSON bound to a described struct, validated by its schema. 415 unless the Content-Type is JSON, and for
/// a body in a content coding; 400 when malformed, of the wrong type, or nested deeper than `limits::json_depth` (or
/// `router::json_depth`); 422 when a rule of the schema is violated.
template<class T>
class body {
public:
    body() = default;
    explicit body(T value) : value_(std::move(value)) {}

    const T& operator*() const& noexcept { return value_; }
    T&& operator*() && noexcept { return std::move(value_); }
    const T* operator->() const noexcept { return &value_; }
    T* operator->() noexcept { return &value_; }

private:
    T value_{};
};

/// A request header by name; empty when absent: `header<"user-agent"> agent`.
template<fixed_string Name>
class header {
public:
    explicit header(std::string_view value) : value_(value) {}

    std::string_view operator*() const noexcept { return value_; }
    operator std::string_view() const noexcept { return value_; }

private:
    std::string_view value_;
};

/// Makes a handler's parameter from the request: `static result<T> from(request&)`. Specialise it for your own types.
template<class T>
struct extractor;

/// Whether a handler's parameter of this type needs the client's session, which `sessions` then loads first. Specialise
/// it for an extractor of your own that calls `find_session`.
template<class T>
inline constexpr bool needs_session = false;
template<>
inline constexpr bool needs_session<session> = true;

namespace detail {

/// Stores a query string's parameters in the described struct; stops at the first error.
error bind_query(std::string_view text, const reflect::detail::json_type& type, void* into);

/// Parses one string as configuration does; a boolean may also be 1, 0 or on.
bool read_parameter(std::string_view text, const reflect::detail::json_type& type, void* into);

/// `what` names the kind of field, such as "query parameter".
error ill_typed_parameter(std::string_view what, std::string_view name, const reflect::detail::json_type& type);
error require_json(const request& req);
/// Returns how to read this request's JSON: to the depth of the route, or else of the server.
json_options json_reading(const request& req) noexcept;
/// Returns a path parameter as it was sent, if nothing in it is encoded.
std::optional<std::string_view> plain_param(const request& req, std::string_view name) noexcept;

// Whether one string, or the strings of a repeated name, can represent such a value.
constexpr bool is_texts(const reflect::detail::json_type& type) noexcept {
    using reflect::detail::json_kind;
    if (type.kind == json_kind::optional) return is_texts(*type.element);
    return is_scalar(type.kind == json_kind::list ? *type.element : type);
}

/// A type that a query string or a form can be bound to: a described struct.
template<class T>
consteval const reflect::detail::json_type& parameters_of() {
    constexpr bool binds = [] {
        for (const auto& member : reflect::detail::json_members<T>)
            if (!is_texts(*member.type)) return false;
        return true;
    }();
    static_assert(binds,
                  "weir: a query string or a form binds to members that one string can represent (booleans, numbers, "
                  "strings, enums, times, durations), to optionals and to vectors of these");
    return reflect::detail::json_type_of<T>;
}

// Implements `from` for an extractor that has `emplace`.
template<class T>
result<T> extracted(request& req) {
    std::optional<T> made;
    if (error refused = extractor<T>::emplace(req, made)) return refused;
    return std::move(*made);
}

} // namespace detail

template<fixed_string Name, class T>
struct extractor<path<Name, T>> {
    static result<path<Name, T>> from(request& req) { return detail::extracted<path<Name, T>>(req); }
    /// Like `from`, but constructs the value in place, so that the handler's argument isn't moved.
    static error emplace(request& req, std::optional<path<Name, T>>& into) {
        T value{};
        if (error refused = parse(req, value)) return refused;
        into.emplace(std::move(value));
        return {};
    }

private:
    static error parse(request& req, T& value) {
        if (const auto plain = detail::plain_param(req, Name.view())) return read(*plain, value);
        const auto decoded = req.param(Name.view());
        return decoded ? read(*decoded, value) : decoded.error();
    }
    static error read(std::string_view text, T& value) {
        constexpr const auto& type = reflect::detail::json_type_of<T>;
        static_assert(is_scalar(type), "weir: a path parameter is a boolean, a number, a string, an enum, a "
                                       "time or a duration");
        if (detail::read_parameter(text, type, &value)) return {};
        return detail::ill_typed_parameter("path parameter", Name.view(), type);
    }
};

template<class T>
struct extractor<query<T>> {
    static result<query<T>> from(request& req) { return detail::extracted<query<T>>(req); }
    static error emplace(request& req, std::optional<query<T>>& into) {
        T value{};
        if (error refused = parse(req, value)) return refused;
        into.emplace(std::move(value));
        return {};
    }

private:
    static error parse(request& req, T& value) {
        if (error failed = detail::bind_query(req.query(), detail::parameters_of<T>(), &value)) return failed;
        if (auto valid = weir::validate(value); !valid) return valid.error();
        return {};
    }
};

template<class T>
struct extractor<body<T>> {
    static result<body<T>> from(request& req) {
        body<T> made;
        if (error refused = fill(req, made)) return refused;
        return made;
    }
    /// Like `from`, but parses in place, so that the handler's argument isn't moved.
    static error fill(request& req, body<T>& into) {
        if (error refused = detail::require_json(req)) return refused;
        if (auto parsed = weir::from_json(req.body(), *into.operator->(), detail::json_reading(req)); !parsed)
            return parsed.error();
        if (auto valid = weir::validate(*into); !valid) return valid.error();
        return {};
    }
};

template<fixed_string Name>
struct extractor<header<Name>> {
    static result<header<Name>> from(request& req) { return header<Name>(req.header(Name.view())); }
};

/// The principal that `authenticate` identified; 401 on a route without it.
template<>
struct extractor<principal> {
    static result<principal> from(request& req) {
        if (const auto* who = req.find<principal>()) return *who;
        return errc::unauthenticated;
    }
};

} // namespace weir::http

namespace weir {
using http::body;
using http::header;
using http::path;
using http::query;
} // namespace weir
