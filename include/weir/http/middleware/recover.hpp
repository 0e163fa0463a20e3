// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/observe/log.hpp>

namespace weir::http {

/// Logs the cause of each 500, which the client never sees, with the route and the request's id, at level error. A
/// handler's exception becomes an `internal` error with or without it. It also logs an exception of a middleware's
/// `done`, which comes too late for any response.
middleware recover(logger log);

} // namespace weir::http

namespace weir {
using http::recover;
} // namespace weir
