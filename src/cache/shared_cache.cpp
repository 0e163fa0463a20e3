// SPDX-License-Identifier: MIT
#include "cache/checked_cache.hpp"
#include "cache/jitter.hpp"
#include "resilience/option_check.hpp"
#include <weir/cache/shared_cache.hpp>

#include <algorithm>
#include <utility>

namespace weir::detail {

shared_cache_options checked_shared_cache(shared_cache_options given) {
    using resilience::detail::check_range;
    constexpr duration zero{};
    check_range("shared_cache_options::ttl", given.ttl, zero);
    check_range("shared_cache_options::ttl_jitter", given.ttl_jitter, 0, 1);
    check_range("shared_cache_options::negative_ttl", given.negative_ttl, zero);
    check_range("shared_cache_options::level1_ttl", given.level1_ttl, zero);
    check_range("shared_cache_options::store_timeout", given.store_timeout, duration(1));
    given.level1 = checked_cache(std::move(given.level1));
    return given;
}

cache_options level1_of(const shared_cache_options& given) {
    cache_options made = given.level1;
    made.ttl = std::min(given.ttl, given.level1_ttl);
    made.ttl_jitter = given.ttl_jitter;
    made.negative_ttl = std::min(given.negative_ttl, given.level1_ttl);
    return made;
}

second_level_options level2_of(const shared_cache_options& given) {
    return {.prefix = given.prefix, .ttl = given.ttl, .timeout = given.store_timeout, .time = given.level1.time};
}

duration shortened(duration ttl, const shared_cache_options& given) noexcept {
    return jittered(ttl, given.ttl_jitter, given.level1.random);
}

} // namespace weir::detail
