// SPDX-License-Identifier: MIT
#pragma once

#include "redis/wire/url.hpp"
#include <weir/redis/client_options.hpp>

namespace weir::redis::detail {

/// Validates the options and returns the parts of their URL. Throws error_exception (errc::invalid_argument) that names
/// the first bad option and the accepted values.
redis_url checked(const client_options& options);

} // namespace weir::redis::detail
