// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace weir::resilience::detail {

template<class T>
struct as_result {
    using type = result<T>;
};
template<class T>
struct as_result<result<T>> {
    using type = result<T>;
};

// The result type of a layer's `run(f)`, which can also hold the layer's error. `f` returns a value, a result, or a
// task of either.
template<class F>
using call_result = typename as_result<task_value_t<std::invoke_result_t<F&>>>::type;

// Calls `f` and awaits the task if it returns one. Exceptions become errors through current_error().
template<class F>
task<call_result<F>> call(F& f) {
    using returned = std::invoke_result_t<F&>;
    std::optional<error> failed; // co_return isn't allowed in a catch block
    try {
        if constexpr (std::is_void_v<returned>) {
            f();
            co_return ok();
        } else if constexpr (std::is_same_v<returned, task<void>>) {
            co_await f();
            co_return ok();
        } else if constexpr (is_task<returned>) {
            co_return co_await f();
        } else {
            co_return f();
        }
    } catch (...) {
        failed = current_error();
    }
    co_return call_result<F>(boost::system::in_place_error, *failed);
}

} // namespace weir::resilience::detail
