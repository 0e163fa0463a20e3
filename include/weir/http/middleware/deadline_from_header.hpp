// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/http/middleware.hpp>

namespace weir::http {

struct deadline_from_header_options {
    duration most = duration::max(); ///< upper limit for the time that a caller requests; at least 0
};

/// Applies the caller's remaining time from `Request-Timeout-Ms` (whole milliseconds, one to ten digits) to the
/// request: `context().deadline()` becomes the earlier of it and the server's own, and the handler's calls respect it.
/// If the caller's time is already over, the response is 504 without running the handler. Any other value is ignored,
/// since the request itself is still valid. weir's client sends the field with `client_options::send_deadline`. Throws
/// std::invalid_argument for options out of range.
middleware deadline_from_header(deadline_from_header_options options = {});

} // namespace weir::http

namespace weir {
using http::deadline_from_header;
} // namespace weir
