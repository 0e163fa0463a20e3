// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/http/limits.hpp>

namespace weir::http::detail {

/// Validates limits; errc::invalid_argument names the first bad one and the accepted values.
error check_limits(const limits& given);

} // namespace weir::http::detail
