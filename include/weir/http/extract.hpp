// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/fixed_string.hpp>
#include <weir/http/message.hpp>
#include <weir/reflect/json.hpp>
#include <weir/reflect/validate.hpp>
#include <weir/security/principal.hpp>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::http {

/// A path parameter, percent-decoded and parsed: `path<"id", std::int64_t> id`. Reads like its value.
/// 400 when the segment isn't a T.
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

/// The query string bound to a described struct: absent members keep their defaults, unknown names are
/// ignored, an empty value leaves an optional number absent. 400 for a value of the wrong type, 422 where the
/// struct's schema is broken.
template<class T>
class query {
public:
    explicit query(T value) : value_(std::move(value)) {}

    const T& operator*() const noexcept { return value_; }
    const T* operator->() const noexcept { return &value_; }

private:
    T value_;
};

/// The body as JSON bound to a described struct, validated by its schema. 415 unless the Content-Type is
/// JSON or where it comes in a content coding, 400 when malformed, ill-typed or nested deeper than
/// `limits::json_depth` (or `router::json_depth`) allows, 422 when a rule of the schema is broken.
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

/// How a handler's parameter is made from the request: `static result<T> from(request&)`. Specialise it
/// for a type of your own.
template<class T>
struct extractor;

namespace detail {

using parameter_binder = error (*)(void* target, std::string_view name, std::string_view value);

/// Calls `bind` with each name and value of a query string, decoded; stops at the first error.
error each_query_parameter(std::string_view text, parameter_binder bind, void* target);

/// `what` is what the field is: a query parameter, say.
error ill_typed(std::string_view what, std::string_view field, std::string_view expected);
error require_json(const request& req);
/// How this request's JSON is read: to the route's depth, or the server's.
json_options json_reading(const request& req) noexcept;
/// A path parameter as it was sent, if nothing in it is encoded.
std::optional<std::string_view> plain_param(const request& req, std::string_view name) noexcept;

inline bool parse_text(std::string_view text, std::string& out) { return out.assign(text), true; }

inline bool parse_text(std::string_view text, bool& out) {
    out = text == "true" || text == "1" || text == "on"; // what a checkbox sends
    return out || text == "false" || text == "0";
}

template<class T>
    requires std::is_arithmetic_v<T>
bool parse_text(std::string_view text, T& out) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failed == std::errc{} && end == text.data() + text.size();
}

template<class T>
bool parse_text(std::string_view text, std::optional<T>& out) {
    if (!std::same_as<T, std::string> && text.empty()) return out.reset(), true; // a form's input left empty
    return parse_text(text, out.emplace());
}

template<class T>
constexpr std::string_view expected_name() {
    if constexpr (std::same_as<T, bool>)
        return "true or false";
    else if constexpr (std::integral<T>)
        return "an integer";
    else if constexpr (std::floating_point<T>)
        return "a number";
    else
        return "text";
}

// One name and value into the struct's member of that name; `What` names such a pair in an error.
template<class T, fixed_string What>
error bind_parameter(void* target, std::string_view name, std::string_view text) {
    error failed;
    reflect::for_each_field<T>([&](const auto& field) {
        if (field.name != name || failed) return;
        auto& member = static_cast<T*>(target)->*(field.member);
        using member_type = std::remove_reference_t<decltype(member)>;
        if (!parse_text(text, member))
            failed = ill_typed(What.view(), name, expected_name<reflect::unwrap_optional<member_type>>());
    });
    return failed;
}

// `from` of an extractor that has `emplace`.
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
    /// The same where it stands: the handler's argument isn't moved about.
    static error emplace(request& req, std::optional<path<Name, T>>& into) {
        T value{};
        if (error refused = parse(req, value)) return refused;
        into.emplace(std::move(value));
        return {};
    }

private:
    static error parse(request& req, T& value) {
        if (const auto plain = detail::plain_param(req, Name.view()))
            return detail::parse_text(*plain, value) ? error() : ill_typed();
        const auto decoded = req.param(Name.view());
        if (!decoded) return decoded.error();
        return detail::parse_text(*decoded, value) ? error() : ill_typed();
    }
    static error ill_typed() { return detail::ill_typed("path parameter", Name.view(), detail::expected_name<T>()); }
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
        constexpr detail::parameter_binder bind = &detail::bind_parameter<T, "query parameter">;
        if (error failed = detail::each_query_parameter(req.query(), bind, &value)) return failed;
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
    /// The same where it stands: the handler's argument isn't moved about.
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

/// Who is asking, as `authenticate` found out; 401 on a route without it.
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
