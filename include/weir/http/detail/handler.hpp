// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/http/extract.hpp>
#include <weir/http/into_response.hpp>
#include <weir/http/route_pattern.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::http {

class body_reader;
class multipart_reader;

/// A user's function as the router stores it, with its extractors and conversion. Exactly one function is set.
struct handler {
    std::function<void(request&, response&)> plain{};
    std::function<task<void>(request&, response&)> coroutine{};
    bool streams_body = false;  ///< starts when the head has arrived, and reads the body itself
    bool needs_session = false; ///< a parameter needs the client's session
};

/// @cond
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

// The pattern type of a handler: the names it needs.
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

// One argument of a handler: references pass through, values are extracted.
template<class Arg>
struct argument {
    using value_type = std::remove_cvref_t<Arg>;
    std::optional<value_type> value;

    error load(request& req) {
        if constexpr (requires { extractor<value_type>::fill(req, *value); }) {
            return extractor<value_type>::fill(req, value.emplace());
        } else if constexpr (requires { extractor<value_type>::emplace(req, value); }) {
            return extractor<value_type>::emplace(req, value);
        } else {
            auto made = extractor<value_type>::from(req);
            if (!made) return made.error();
            value.emplace(std::move(*made));
            return {};
        }
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

    error load(request& req) {
        value = &req;
        return error{};
    }
    request& pass() { return *value; }
};

template<>
struct argument<const request&> : argument<request&> {};

template<>
struct argument<context&> {
    context* value = nullptr;

    error load(request& req) {
        value = &req.context();
        return error{};
    }
    context& pass() { return *value; }
};

// The index distinguishes arguments of the same type.
template<std::size_t Index, class Arg>
struct placed_argument : argument<Arg> {};

template<class Places, class... Args>
struct argument_places;
template<std::size_t... I, class... Args>
struct argument_places<std::index_sequence<I...>, Args...> : placed_argument<I, Args>... {
    // The first extractor that fails decides.
    error load([[maybe_unused]] request& req) {
        error refused;
        (void)((refused = placed_argument<I, Args>::load(req), !refused) && ...);
        return refused;
    }
    template<class F>
    decltype(auto) call(F& f) {
        return f(placed_argument<I, Args>::pass()...);
    }
};

template<class Arguments>
struct pack_of_tuple;
template<class... Args>
struct pack_of_tuple<std::tuple<Args...>> {
    using type = argument_places<std::index_sequence_for<Args...>, Args...>;
};

template<class F>
using pack_of = typename pack_of_tuple<typename signature<std::decay_t<F>>::arguments>::type;

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

// Whether an argument lives as long as the request, or is moved into the handler's frame.
template<class Arg>
inline constexpr bool outlives_call = !std::is_reference_v<Arg>;
template<>
inline constexpr bool outlives_call<request&> = true;
template<>
inline constexpr bool outlives_call<const request&> = true;
template<>
inline constexpr bool outlives_call<context&> = true;
template<class... Args>
inline constexpr bool outlives_call<std::tuple<Args...>> = (outlives_call<Args> && ...);

// One coroutine per response type instead of per handler: coroutines take the compiler longest.
template<class R>
task<void> answer(task<R> running, response& out) {
    auto value = co_await std::move(running);
    into_response(std::move(value), out);
}
template<>
task<void> answer(task<void> running, response& out);
template<>
task<void> answer(task<result<void>> running, response& out);

// Answers for a handler whose arguments could not be extracted.
task<void> refuse(const error& refused, response& out);

template<class F>
task<void> call_keeping_arguments(F& f, request& req, response& out) {
    pack_of<F> arguments;
    if (error refused = arguments.load(req)) {
        into_response(refused, out);
        co_return;
    }
    auto answering = answer(arguments.call(f), out);
    co_await std::move(answering);
}

template<class F>
task<void> call_coroutine(F& f, request& req, response& out) {
    if constexpr (outlives_call<typename signature<F>::arguments>) {
        pack_of<F> arguments;
        if (error refused = arguments.load(req)) return refuse(refused, out);
        return answer(arguments.call(f), out);
    } else {
        return call_keeping_arguments(f, req, out);
    }
}

// Whether a handler's parameter, or any of several, takes the request's body as a stream.
template<class Arguments>
inline constexpr bool reads_body = false;
template<>
inline constexpr bool reads_body<body_reader> = true;
template<>
inline constexpr bool reads_body<multipart_reader> = true;
template<class... Args>
inline constexpr bool reads_body<std::tuple<Args...>> = (reads_body<std::remove_cvref_t<Args>> || ...);

template<class Arguments>
inline constexpr bool takes_session = false;
template<class... Args>
inline constexpr bool takes_session<std::tuple<Args...>> = (needs_session<std::remove_cvref_t<Args>> || ...);

// A member function bound to its object.
template<class F, class Self>
struct bound_member {
    F method;
    Self* self;

    template<class... Args>
    decltype(auto) operator()(Args&&... args) {
        return (self->*method)(std::forward<Args>(args)...);
    }
};
template<class F, class Self>
struct signature<bound_member<F, Self>> : signature<F> {};

// Takes ownership of the user's function `kept`, which `destroy` deletes, and of the function that calls it.
handler plain_handler(void* kept, void (*destroy)(void*), void (*call)(void*, request&, response&));
handler coroutine_handler(void* kept, void (*destroy)(void*), task<void> (*call)(void*, request&, response&));

template<class F>
void destroy_handler(void* kept) {
    delete static_cast<F*>(kept);
}

template<class F>
handler adapt(F f) {
    using returned = typename signature<F>::value;
    static_assert(std::is_void_v<task_value_t<returned>> || responds<task_value_t<returned>>,
                  "the handler returns a type without an into_response overload");
    constexpr bool streams = reads_body<typename signature<F>::arguments>;
    static_assert(!streams || is_task<returned>, "a handler that reads the body as a stream returns a task");
    F* const kept = new F(std::move(f));
    handler made;
    if constexpr (is_task<returned>) {
        made = coroutine_handler(kept, destroy_handler<F>, [](void* one, request& req, response& out) {
            return call_coroutine(*static_cast<F*>(one), req, out);
        });
        made.streams_body = streams;
    } else {
        made = plain_handler(kept, destroy_handler<F>, [](void* one, request& req, response& out) {
            call_plain(*static_cast<F*>(one), req, out);
        });
    }
    made.needs_session = takes_session<typename signature<F>::arguments>;
    return made;
}

template<class F, class Self>
bound_member<F, Self> bind_self(F method, Self& self) {
    return {method, &self};
}

} // namespace detail
/// @endcond

/// The pattern type that a handler accepts.
template<class F>
using pattern_for = typename detail::pattern_of_tuple<typename detail::signature<std::decay_t<F>>::arguments>::type;

} // namespace weir::http
