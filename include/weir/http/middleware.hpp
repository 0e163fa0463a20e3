// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/http/into_response.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace weir::http {

namespace detail {
struct route;
} // namespace detail

/// The rest of the pipeline, including the handler, as seen by a middleware. `co_await next(req)` runs it and returns
/// its response; without that call the middleware's own response is sent.
class next {
public:
    next(const detail::route& route, std::size_t step) noexcept : route_(&route), step_(step) {}

    task<response> operator()(request& req) const;

private:
    const detail::route* route_;
    std::size_t step_;
};

/// How a request ended, passed to `middleware::done`.
struct exchange_summary {
    duration took{}; ///< from the head's arrival until the response's last byte was rendered, or its file was sent
    std::uint64_t bytes = 0; ///< of the response, head and body; of an aborted file, the bytes that the peer has taken
    bool aborted = false;    ///< the response was incomplete; if it hadn't begun, the status is 499
};

/// One layer around a handler. Layers run in reading order: the first one added is the outermost. There are two kinds:
/// plain functions that run inline (`before`, `after`, `done`), and a coroutine around the rest; a pipeline of plain
/// functions with a plain handler creates no coroutine frame. The router keeps a middleware for its whole life and
/// calls it from every loop, so shared state must be thread-safe.
///
///     app.use([](request& req, next next) -> task<response> { co_return co_await next(req); });
struct middleware {
    /// Runs before the handler; an error becomes the response and skips the inner layers and the handler.
    std::function<result<void>(request&)> before{};
    /// `before` uses only the head. A client that waits for 100 Continue then gets a refusal instead, without sending
    /// its body, provided that all outer layers with a `before` or an `around` also use only the head.
    bool by_head = false;
    /// Runs after the handler or an inner refusal, innermost first.
    std::function<void(request&, response&)> after{};
    /// `after` also follows a refusal by this layer's own `before`.
    bool after_own_refusal = false;
    /// Runs instead of `after` for responses that the server sends in place of the pipeline once it knows the request:
    /// 413 and 408 for a body that is too large or late, 400 for malformed chunks or an unreadable path, 501, and 504
    /// when the handler's time is up. `before` hasn't run in these cases, except for 504, where the handler may still
    /// be running, and with `by_head` for a client that waited for 100 Continue.
    std::function<void(request&, response&)> after_refusal{};
    /// Wraps all inner layers and the handler.
    std::function<task<response>(request&, next)> around{};
    /// Runs exactly once when the request has ended, however it ended; it can't change the response.
    std::function<void(const request&, const response&, const exchange_summary&)> done{};
    /// Handles an exception from any `done` of the same route, since no response can report it any more; `recover` logs
    /// it. Without such a layer the exception is written to stderr.
    std::function<void(const request&, const error&)> done_failed{};

    middleware() = default;

    template<class F>
        requires(!std::same_as<std::remove_cvref_t<F>, middleware>)
    middleware(F f) {
        if constexpr (std::is_invocable_r_v<task<response>, F&, request&, next>)
            around = std::move(f);
        else if constexpr (std::is_invocable_r_v<result<void>, F&, request&>)
            before = std::move(f);
        else if constexpr (std::is_invocable_v<F&, request&, response&>)
            after = std::move(f);
        else
            static_assert(!sizeof(F), "a middleware is task<response>(request&, next), result<void>(request&) or "
                                      "void(request&, response&)");
    }
};

} // namespace weir::http

namespace weir {
using http::middleware;
using http::next;
} // namespace weir
