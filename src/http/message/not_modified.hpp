// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>

namespace weir::http::detail {

/// Turns a response into 304 and keeps the fields that update a stored one (RFC 9110 section 15.4.5).
void become_not_modified(response& res);
/// Turns a response into 412.
void become_failed(response& res);

} // namespace weir::http::detail
