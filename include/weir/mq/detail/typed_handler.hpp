// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/mq/message.hpp>
#include <weir/reflect/json.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace weir::mq::detail {

using handler = std::function<task<result<void>>(delivery&)>;

// The struct that a handler takes, as declared: `T&`, `const T&` or `T`.
template<class F>
struct argument_of : argument_of<decltype(&F::operator())> {};
template<class R, class A, class... Rest>
struct argument_of<R (*)(A, Rest...)> {
    using type = std::remove_cvref_t<A>;
};
template<class C, class R, class A, class... Rest>
struct argument_of<R (C::*)(A, Rest...)> {
    using type = std::remove_cvref_t<A>;
};
template<class C, class R, class A, class... Rest>
struct argument_of<R (C::*)(A, Rest...) const> {
    using type = std::remove_cvref_t<A>;
};

template<class T, class F>
task<result<void>> call_decoded(const std::shared_ptr<F>& f, T& value, delivery& of) {
    if constexpr (std::is_invocable_v<F&, T&, delivery&>)
        return (*f)(value, of);
    else
        return (*f)(value);
}

template<class T, class F>
task<result<void>> decode_and_call(std::shared_ptr<F> f, delivery& of) {
    T value{};
    const auto read = from_json(of->body, value);
    if (!read) co_return read.error();
    co_return co_await call_decoded(f, value, of);
}

// A function for the raw delivery is taken as it is; any other takes its decoded body.
template<class F>
handler as_handler(F f) {
    if constexpr (std::is_invocable_r_v<task<result<void>>, F&, delivery&>) {
        return handler(std::move(f));
    } else {
        using value = typename argument_of<F>::type;
        return [owned = std::make_shared<F>(std::move(f))](delivery& of) { return decode_and_call<value>(owned, of); };
    }
}

} // namespace weir::mq::detail
