// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/resilience/adaptive_limit.hpp>

#include <functional>

namespace weir::http {

struct shed_options {
    /// Returns a request's class, by its route, principal or header; normal by default. Its exceptions are answered
    /// like a handler's.
    std::function<traffic(const request&)> classify{};
};

/// Refuses requests that exceed the limit `by`, before their handler: 503 with the code `overloaded` and Retry-After.
/// The time a request has waited for its loop counts too, so handlers that keep the loop busy are limited like handlers
/// that wait. Routes marked `critical()` are always served and not counted. A request holds its permit until its
/// handler has responded; its latency counts unless it was refused by an inner layer, failed, or went at the client's
/// pace (a streamed body, a file, a WebSocket). `by` must outlive the router.
///
///     weir::adaptive_limit adaptive;
///     api.use(shed(adaptive)).use(require_login(keys));
middleware shed(adaptive_limit& by, shed_options options = {});
/// Like the above, for requests that are all of one class.
middleware shed(adaptive_limit& by, traffic kind);

} // namespace weir::http

namespace weir {
using http::shed;
} // namespace weir
