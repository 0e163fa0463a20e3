// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>

namespace weir::http {

/// Gives buffered answers to GET and HEAD (200) an ETag made of their body, and answers 304 without it to whom
/// it is known already, 412 where If-Match fails (RFC 9110 section 13). A handler's own ETag or Last-Modified
/// counts instead. Leaves alone what is `no-store` or empty. It saves the transfer, not the handler's work.
/// Use it further in than `compress`, so that all codings share a tag.
middleware etag();

} // namespace weir::http

namespace weir {
using http::etag;
} // namespace weir
