// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/http/message.hpp>

#include <string_view>

namespace weir::http::detail {

/// An error of the HTTP layer itself, with the status's own code: 405 is `method_not_allowed`.
error framework_error(int status, std::string_view message);

/// 415 where the body comes in a content coding: it isn't undone (RFC 9110 section 15.5.16).
error require_uncoded(const request& req);

} // namespace weir::http::detail
