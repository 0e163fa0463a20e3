// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <string_view>

namespace weir::http::detail {

/// An error of the HTTP layer itself, with the status's own code: 405 is `method_not_allowed`.
error framework_error(int status, std::string_view message);

} // namespace weir::http::detail
