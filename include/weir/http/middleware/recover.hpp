// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/observe/log.hpp>

namespace weir::http {

/// Tells the log what a 500 hides from the client: an exception of the handler becomes one `internal` error
/// anyway; this writes its cause with the route and the request's id, at level error.
middleware recover(logger log);

} // namespace weir::http

namespace weir {
using http::recover;
} // namespace weir
