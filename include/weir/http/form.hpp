// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>

#include <string_view>
#include <utility>

namespace weir::http {

/// A form sent as application/x-www-form-urlencoded, bound to a described struct like `query`: absent members keep
/// their defaults, unknown names are ignored, an empty input leaves an optional number absent, and a vector takes the
/// values of a repeated name. 415 for another media type; 400 for broken escapes, a value of the wrong type, a second
/// value where only one is allowed, or more than 1,000 fields; 422 when a rule of the schema is violated. Files come as
/// multipart: see `multipart`.
template<class T>
class form {
public:
    explicit form(T value) : value_(std::move(value)) {}

    const T& operator*() const& noexcept { return value_; }
    T&& operator*() && noexcept { return std::move(value_); }
    const T* operator->() const noexcept { return &value_; }
    T* operator->() noexcept { return &value_; }

private:
    T value_;
};

namespace detail {

error require_form(const request& req);

/// Like bind_query, for a form's body.
error bind_form(std::string_view body, const reflect::detail::json_type& type, void* into);

template<class T>
result<T> parse_form(std::string_view text) {
    T value{};
    if (error failed = bind_form(text, parameters_of<T>(), &value)) return failed;
    if (auto valid = weir::validate(value); !valid) return valid.error();
    return value;
}

} // namespace detail

template<class T>
struct extractor<form<T>> {
    static result<form<T>> from(request& req) {
        if (error refused = detail::require_form(req)) return refused;
        auto value = detail::parse_form<T>(req.body());
        if (!value) return value.error();
        return form<T>(std::move(*value));
    }
};

} // namespace weir::http

namespace weir {
using http::form;
} // namespace weir
