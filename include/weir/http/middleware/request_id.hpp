// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

namespace weir::http {

struct request_id_options {
    /// Whether to keep an `X-Request-Id` that came with the request: up to 64 letters, digits, dots, underscores and
    /// hyphens. Set to false if clients aren't trusted to name their requests.
    bool accept = true;
};

/// Gives each request an id, in its context (`context().request_id()`) and in the response's X-Request-Id.
middleware request_id(request_id_options options = {});

} // namespace weir::http

namespace weir {
using http::request_id;
} // namespace weir
