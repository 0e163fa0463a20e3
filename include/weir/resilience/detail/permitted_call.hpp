// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/detail/protected_call.hpp>

#include <utility>

namespace weir::resilience::detail {

// A call through a layer whose `try_acquire()` yields a permit that takes the call's outcome.
template<class Layer, class F>
task<call_result<F>> run_permitted(Layer& layer, F f) {
    auto permit = layer.try_acquire();
    if (!permit) co_return call_result<F>(boost::system::in_place_error, permit.error());
    auto outcome = co_await call(f);
    if (outcome)
        permit->succeed();
    else
        permit->fail(outcome.error());
    co_return outcome;
}

} // namespace weir::resilience::detail
