// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/http/message.hpp>

#include <string_view>

namespace weir::http::detail {

/// Returns an error of the HTTP layer itself, with the status's own code: 405 is `method_not_allowed`.
error framework_error(int status, std::string_view message);

/// Returns 415 for a body in a content coding, which isn't decoded (RFC 9110 section 15.5.16).
error require_uncoded(const request& req);

} // namespace weir::http::detail
