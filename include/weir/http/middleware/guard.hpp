// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

#include <optional>
#include <utility>

namespace weir::http {

namespace detail {

/// What a layer is given of a response: nothing below 500; else its error, or that of its status where a layer wouldn't
/// take it for a failure of the service. errc::cancelled stays what it is.
error failure_of(const response& answered) noexcept;

/// Whether both are the same object, and not only equal.
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

/// Runs what lies further in as a call by a layer or a stack: anything with `run(f)`. A response of 500 and more is a
/// failure to the layer, and yet what the client gets; so is an exception of the handler, which others hear of as they
/// would without this. What the layer refuses is answered with its error: 503 and Retry-After of an open circuit. The
/// layer outlives the router, and is process-wide where several loops serve. A streamed body is sent after the call.
/// A layer that calls again (a retry) runs the handler again: only where that does no harm and no body is streamed.
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
