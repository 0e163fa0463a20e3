// SPDX-License-Identifier: MIT
#include "cache/checked_cache.hpp"

#include "resilience/option_check.hpp"

namespace weir::detail {

using resilience::detail::check_option;
using resilience::detail::check_range;

cache_options checked_cache(cache_options given) {
    constexpr duration zero{};
    check_range("cache_options::ttl", given.ttl, zero);
    check_range("cache_options::ttl_jitter", given.ttl_jitter, 0, 1);
    check_range("cache_options::negative_ttl", given.negative_ttl, zero);
    check_range("cache_options::error_ttl", given.error_ttl, zero);
    check_range("cache_options::stale_while_revalidate", given.stale_while_revalidate, zero);
    check_range("cache_options::stale_if_error", given.stale_if_error, zero);
    check_range("cache_options::max_wait", given.max_wait, duration(1));
    check_option(given.time != nullptr, "cache_options::time", "nullptr", "a clock");
    return given;
}

} // namespace weir::detail
