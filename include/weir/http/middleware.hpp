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

/// What comes after a middleware: the rest of the pipeline and the handler. `co_await next(req)` runs it
/// and yields its response; not calling it answers without the handler.
class next {
public:
    next(const detail::route& route, std::size_t step) noexcept : route_(&route), step_(step) {}

    task<response> operator()(request& req) const;

private:
    const detail::route* route_;
    std::size_t step_;
};

/// How a request ended, told to `middleware::done`.
struct exchange {
    duration took{}; ///< from the head's arrival to the response's last byte being rendered, or a file's having left
    std::uint64_t bytes = 0; ///< of the response, head and body; of a file that was aborted, what the peer has taken
    bool aborted = false;    ///< the answer didn't come to its end; when it didn't even begin, the status is 499
};

/// One layer around a handler. Layers run in reading order: the first `use`d is the outermost.
/// Two shapes: plain functions that run inline (`before`, `after`, `done`), and a coroutine around the
/// rest; a pipeline of plain ones with a plain handler makes no coroutine frame. The router keeps a
/// middleware for its whole life and calls it from every loop, so what it shares must be thread-safe.
///
///     app.use([](request& req, next next) -> task<response> { co_return co_await next(req); });
struct middleware {
    /// Before the handler; an error answers instead of it, and skips the layers further in.
    std::function<result<void>(request&)> before{};
    /// `before` goes by the head alone. A client that waits for 100 Continue then hears a refusal in its place, and
    /// keeps its body, when all layers further out that have a `before` or an `around` go by the head too.
    bool by_head = false;
    /// After the handler or a refusal further in, innermost first.
    std::function<void(request&, response&)> after{};
    /// `after` follows a refusal by this layer's own `before` as well.
    bool after_own_refusal = false;
    /// Instead of `after`, for what the server answers in place of the pipeline once it knows the request: 413 and
    /// 408 of a body that is late or too large, 400 of its chunks or an unreadable path, 501, and 504 when the
    /// handler's time is up. `before` hasn't run then, but for 504, where the handler may still be at work, and by
    /// the head for a client that waited for 100 Continue.
    std::function<void(request&, response&)> after_refusal{};
    /// Around all that lies further in.
    std::function<task<response>(request&, next)> around{};
    /// Exactly once when the request has ended, however it ended; the response can't be changed any more.
    std::function<void(const request&, const response&, const exchange&)> done{};
    /// Hears of an exception that left a `done` of the same route, its own or another layer's, since no response
    /// can tell of it any more: `recover` logs it. When no layer takes it, it is written to stderr.
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
