// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

namespace weir::http {

/// Adds an ETag computed from the body to buffered 200 responses to GET and HEAD. Answers 304 without a body when
/// If-None-Match already names it, and 412 when If-Match fails (RFC 9110 section 13). A handler's own ETag or
/// Last-Modified is used instead. Skips responses that are `no-store` or empty. It saves the transfer, not the
/// handler's work. Add it inside `compress`, so that all codings share a tag.
middleware etag();

} // namespace weir::http

namespace weir {
using http::etag;
} // namespace weir
