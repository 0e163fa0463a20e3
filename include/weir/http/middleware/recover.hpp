// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/observe/log.hpp>

namespace weir::http {

/// Tells the log what a 500 hides from the client: an exception of the handler becomes one `internal` error
/// anyway; this writes its cause with the route and the request's id, at level error. So it does with an
/// exception of a middleware's `done`, which comes too late for any response.
middleware recover(logger log);

} // namespace weir::http

namespace weir {
using http::recover;
} // namespace weir
