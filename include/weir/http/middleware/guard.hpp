// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

#include <optional>
#include <utility>

namespace weir::http {

namespace detail {

/// Returns what a layer sees of a response: no error below 500; otherwise its error, or that of its status if a layer
/// wouldn't count the error as a failure of the service. errc::cancelled is kept.
error failure_of(const response& answered) noexcept;

/// Whether both are the same object, not merely equal.
bool same(const error& a, const error& b) noexcept;

template<class Layer>
task<response> run_guarded(Layer& layer, request& req, next rest) {
    std::optional<response> answered;
    error failure;
    auto call = [&]() -> task<result<void>> {
        answered.reset();
        answered = co_await rest(req);
        failure = failure_of(*answered);
        if (failure) co_return failure;
        co_return ok();
    };
    const result<void> outcome = co_await layer.run(call);
    if (answered && (outcome || same(outcome.error(), failure))) co_return std::move(*answered);
    response refused;
    into_response(outcome, refused);
    co_return refused;
}

} // namespace detail

/// Runs the inner layers and the handler as a call through a layer or a stack: anything with `run(f)`. To the layer, a
/// response of 500 or above is a failure, but the client still gets it; an exception of the handler is one as well, and
/// is reported as without this middleware. A refusal by the layer is answered with its error, such as 503 and
/// Retry-After of an open circuit. The layer must outlive the router and be process-wide if several loops serve. A
/// streamed body is sent after the call. A layer that repeats the call (a retry) runs the handler again: use one only
/// where that is harmless and no body is streamed.
///
///     api.use(guard(breaker));
template<class Layer>
middleware guard(Layer& layer) {
    return [&layer](request& req, next rest) { return detail::run_guarded(layer, req, rest); };
}

} // namespace weir::http

namespace weir {
using http::guard;
} // namespace weir
