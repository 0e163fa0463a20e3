// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>
#include <weir/reflect/json.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::http {

/// 201 with a Location and the new row as JSON: `co_return weir::created{row, "/todos/7"};`
template<class T>
struct created {
    T value;
    std::string location;

    created(T made, std::string at) : value(std::move(made)), location(std::move(at)) {}
};

/// Another value's body with a different status, such as 202 or 303: `weir::with_status{202, job}`.
template<class T>
struct with_status {
    int status;
    T value;

    with_status(int code, T body) : status(code), value(std::move(body)) {}
    with_status(http::status code, T body) : with_status(static_cast<int>(code), std::move(body)) {}
};

/// Converts a handler's return value to the response. Supported here: response, strings, JSON of any described or
/// container type, created, with_status, result<T>, error, and void (204). Your own type takes part through a function
/// `into_response(const T&, weir::response&)` in its namespace.
void into_response(std::string_view text, response& out);
void into_response(const error& failure, response& out);

inline void into_response(response value, response& out) { out = std::move(value); }
inline void into_response(const std::string& text, response& out) { into_response(std::string_view(text), out); }
inline void into_response(const char* text, response& out) { into_response(std::string_view(text), out); }

namespace detail {

void begin_json(response& out);

// A type without another overload, which becomes JSON.
template<class T>
concept json_value =
    !std::convertible_to<const T&, std::string_view> && !std::same_as<T, response> && !std::same_as<T, error> &&
    !is_result<T>;

} // namespace detail

template<detail::json_value T>
void into_response(const T& value, response& out) {
    detail::begin_json(out);
    weir::to_json(value, out.body);
}

template<class T>
void into_response(const created<T>& made, response& out) {
    into_response(made.value, out);
    out.status = 201;
    out.headers.set("location", made.location);
}

template<class T>
void into_response(const with_status<T>& value, response& out) {
    into_response(value.value, out);
    out.status = value.status;
}

template<class T>
void into_response(result<T> outcome, response& out) {
    if (!outcome) return into_response(outcome.error(), out);
    if constexpr (std::is_void_v<T>)
        out.status = 204;
    else
        into_response(std::move(*outcome), out);
}

/// Returns a new response made from any convertible value, for middleware that responds itself.
template<class T>
response into_response(T&& value) {
    response out;
    into_response(std::forward<T>(value), out);
    return out;
}

/// Types a handler may return, besides void and tasks of these types.
template<class T>
concept responds = requires(T value, response& out) {
    into_response(std::move(value), out);
};

} // namespace weir::http

namespace weir {
using http::created;
using http::into_response;
using http::with_status;
} // namespace weir
