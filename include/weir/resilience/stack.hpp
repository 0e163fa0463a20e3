// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/detail/protected_call.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir {

/// Runs a call through several layers, the first one outermost. A layer is anything with `run(f)`: a circuit_breaker, a
/// retry, a stack. Holds pointers to its layers, which must outlive it; costs one coroutine frame per layer and one
/// more. As thread-safe as its layers.
///
///     weir::stack policy{backoff, breaker, slots};
///     auto session = co_await policy.run([&] { return wechat.code2session(code); });
template<class... Layers>
class stack {
public:
    explicit stack(Layers&... layers) noexcept : layers_(&layers...) {}

    /// Returns what `f` yields as a result, or the error of the layer that refused it. `f` is called on the awaiting
    /// loop, as often as the layers require; its exceptions become errors.
    template<class F>
    auto run(F&& f) const {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(layers_, std::forward<F>(f));
    }

private:
    using pointers = std::tuple<Layers*...>;

    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(pointers layers, F f) {
        co_return co_await run_from<0>(layers, f);
    }

    // The call through the layers from `First` on.
    template<std::size_t First, class F>
    static task<resilience::detail::call_result<F>> run_from(const pointers& layers, F& f) {
        if constexpr (First == sizeof...(Layers))
            return resilience::detail::call(f);
        else
            return std::get<First>(layers)->run([&layers, &f] { return run_from<First + 1>(layers, f); });
    }

    pointers layers_;
};

} // namespace weir
