// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_options.hpp>

namespace weir::detail {

/// Returns the options, or throws std::invalid_argument naming the first bad one.
cache_options checked_cache(cache_options given);

} // namespace weir::detail
