// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/http/limits.hpp>

namespace weir::http::detail {

/// What of the limits can't be kept: errc::invalid_argument with the accepted values; no error where all can.
error wrong_limit(const limits& given);

} // namespace weir::http::detail
