// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/http/extract.hpp>
#include <weir/http/into_response.hpp>
#include <weir/http/route_pattern.hpp>

#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::http {

class body_reader;
class multipart_reader;

/// A user's function as the router keeps it: extractors and conversion included. Exactly one is set.
struct handler {
    std::function<void(request&, response&)> plain{};
    std::function<task<void>(request&, response&)> coroutine{};
    bool streams_body = false; ///< it begins with the head and reads the body itself
};

namespace detail {

template<class F>
struct signature : signature<decltype(&F::operator())> {};
template<class R, class... Args>
struct signature<R (*)(Args...)> {
    using value = R;
    using arguments = std::tuple<Args...>;
};
template<class R, class C, class... Args>
struct signature<R (C::*)(Args...)> : signature<R (*)(Args...)> {};
template<class R, class C, class... Args>
struct signature<R (C::*)(Args...) const> : signature<R (*)(Args...)> {};
template<class R, class... Args>
struct signature<R (*)(Args...) noexcept> : signature<R (*)(Args...)> {};
template<class R, class C, class... Args>
struct signature<R (C::*)(Args...) noexcept> : signature<R (*)(Args...)> {};
template<class R, class C, class... Args>
struct signature<R (C::*)(Args...) const noexcept> : signature<R (*)(Args...)> {};

// The pattern type of a handler: which names it needs.
template<class Names, class... Args>
struct pattern_of_arguments;
template<fixed_string... Names>
struct name_list {};

template<fixed_string... Names>
struct pattern_of_arguments<name_list<Names...>> {
    using type = route_pattern<Names...>;
};
template<fixed_string... Names, class First, class... Rest>
struct pattern_of_arguments<name_list<Names...>, First, Rest...> : pattern_of_arguments<name_list<Names...>, Rest...> {
};
template<fixed_string... Names, fixed_string Name, class T, class... Rest>
struct pattern_of_arguments<name_list<Names...>, path<Name, T>, Rest...>
    : pattern_of_arguments<name_list<Names..., Name>, Rest...> {};

template<class Arguments>
struct pattern_of_tuple;
template<class... Args>
struct pattern_of_tuple<std::tuple<Args...>> : pattern_of_arguments<name_list<>, std::remove_cvref_t<Args>...> {};

// One argument on its way into the handler: references pass through, values are extracted.
template<class Arg>
struct argument {
    using value_type = std::remove_cvref_t<Arg>;
    std::optional<value_type> value;

    error load(request& req) {
        if constexpr (requires { extractor<value_type>::fill(req, *value); })
            return extractor<value_type>::fill(req, value.emplace());
        auto made = extractor<value_type>::from(req);
        if (!made) return made.error();
        value.emplace(std::move(*made));
        return {};
    }
    Arg pass() {
        if constexpr (std::is_lvalue_reference_v<Arg>)
            return *value;
        else
            return std::move(*value);
    }
};

template<>
struct argument<request&> {
    request* value = nullptr;

    error load(request& req) { return value = &req, error{}; }
    request& pass() { return *value; }
};

template<>
struct argument<const request&> : argument<request&> {};

template<>
struct argument<context&> {
    context* value = nullptr;

    error load(request& req) { return value = &req.context(), error{}; }
    context& pass() { return *value; }
};

template<class Arguments>
struct argument_pack;
template<class... Args>
struct argument_pack<std::tuple<Args...>> {
    std::tuple<argument<Args>...> values;

    // The first extractor that refuses decides.
    error load(request& req) {
        error refused;
        std::apply([&](auto&... one) { (void)((refused = one.load(req), !refused) && ...); }, values);
        return refused;
    }
    template<class F>
    decltype(auto) call(F& f) {
        return std::apply([&](auto&... one) -> decltype(auto) { return f(one.pass()...); }, values);
    }
};

template<class F>
using pack_of = argument_pack<typename signature<std::decay_t<F>>::arguments>;

template<class F>
void call_plain(F& f, request& req, response& out) {
    pack_of<F> arguments;
    if (error refused = arguments.load(req)) return into_response(refused, out);
    if constexpr (std::is_void_v<typename signature<F>::value>) {
        arguments.call(f);
        out.status = 204;
    } else {
        into_response(arguments.call(f), out);
    }
}

template<class F>
task<void> call_coroutine(F& f, request& req, response& out) {
    pack_of<F> arguments;
    if (error refused = arguments.load(req)) {
        into_response(refused, out);
        co_return;
    }
    if constexpr (std::is_void_v<task_value_t<typename signature<F>::value>>) {
        co_await arguments.call(f);
        out.status = 204;
    } else {
        auto value = co_await arguments.call(f);
        into_response(std::move(value), out);
    }
}

// Whether a handler's parameter, or any of them, takes the request's body as a stream.
template<class Arguments>
inline constexpr bool reads_body = false;
template<>
inline constexpr bool reads_body<body_reader> = true;
template<>
inline constexpr bool reads_body<multipart_reader> = true;
template<class... Args>
inline constexpr bool reads_body<std::tuple<Args...>> = (reads_body<std::remove_cvref_t<Args>> || ...);

template<class F>
handler adapt(F f) {
    using returned = typename signature<F>::value;
    static_assert(std::is_void_v<task_value_t<returned>> || responds<task_value_t<returned>>,
                  "the handler returns a type without an into_response overload");
    constexpr bool streams = reads_body<typename signature<F>::arguments>;
    static_assert(!streams || is_task<returned>, "a handler that reads the body as a stream returns a task");
    handler made;
    made.streams_body = streams;
    if constexpr (is_task<returned>)
        made.coroutine = [f = std::move(f)](request& req, response& out) mutable {
            return call_coroutine(f, req, out);
        };
    else
        made.plain = [f = std::move(f)](request& req, response& out) mutable { call_plain(f, req, out); };
    return made;
}

template<class F>
decltype(auto) bind_self(F method, auto& self) {
    return [method, &self]<class... Args>(std::type_identity<std::tuple<Args...>>) {
        return [method, &self](Args... args) { return (self.*method)(std::forward<Args>(args)...); };
    }(std::type_identity<typename signature<F>::arguments>{});
}

} // namespace detail

/// The pattern type that a handler accepts.
template<class F>
using pattern_for = typename detail::pattern_of_tuple<typename detail::signature<std::decay_t<F>>::arguments>::type;

} // namespace weir::http
