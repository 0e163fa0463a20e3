// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/http/middleware.hpp>

namespace weir::http {

struct deadline_from_header_options {
    duration most = duration::max(); ///< what a caller asks for beyond it counts as so much; not below 0
};

/// Takes the time that a caller still has from its `Request-Timeout-Ms` (whole milliseconds, one to ten digits) into
/// the request's deadline: `context().deadline()` is the earlier of it and the server's own, and what the handler
/// calls keeps to it. A caller whose time is over is answered 504 without the handler. Any other value is ignored, as
/// a request isn't worse for it. weir's client sends the field with `client_options::send_deadline`.
/// Throws std::invalid_argument for options that are out of their range.
middleware deadline_from_header(deadline_from_header_options options = {});

} // namespace weir::http

namespace weir {
using http::deadline_from_header;
} // namespace weir
