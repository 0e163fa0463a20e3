// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/resilience/adaptive_limit.hpp>

#include <functional>

namespace weir::http {

struct shed_options {
    /// The class of a request, by its route, principal or header; normal without it. An exception out of it is
    /// answered as a handler's would be.
    std::function<traffic(const request&)> classify{};
};

/// Refuses the requests for which `by` has no room, before their handler: 503 with the code `overloaded` and
/// Retry-After. What a request has waited for its loop counts as well, so that handlers which keep the loop busy are
/// limited like those that wait. Routes marked `critical()` are always answered, and aren't counted. A request holds
/// its permit until its handler has answered; it counts as latency unless it was refused further in, failed, or went at
/// the client's pace (a streamed body, a file, a WebSocket). `by` outlives the router.
///
///     weir::adaptive_limit adaptive;
///     api.use(shed(adaptive)).use(require_login(keys));
middleware shed(adaptive_limit& by, shed_options options = {});
/// The same for requests that are all of one class.
middleware shed(adaptive_limit& by, traffic kind);

} // namespace weir::http

namespace weir {
using http::shed;
} // namespace weir
