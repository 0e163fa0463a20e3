// SPDX-License-Identifier: MIT
#include "orm/database/check_options.hpp"

#include <fmt/format.h>

#include <string_view>

namespace weir::orm {

namespace {

template<class Value>
error refused(std::string_view name, Value value, std::string_view accepted) {
    return {errc::invalid_argument, fmt::format("database_options.{} = {}: accepted {}", name, value, accepted)};
}

struct named_time {
    std::string_view name;
    duration value;
    bool takes_zero;
};

error check_time(const named_time& one) {
    if (one.value > duration::zero() || (one.value == duration::zero() && one.takes_zero)) return {};
    const std::string value = fmt::format("{} ns", one.value.count());
    return refused(one.name, value, one.takes_zero ? "0 or more" : "more than 0, duration::max() for no limit");
}

error check_pool_size(const pool_options& pool) {
    if (pool.maximum_pool_size == 0) return refused("pool.maximum_pool_size", 0, "1 or more");
    if (pool.maximum_pending == 0) return refused("pool.maximum_pending", 0, "1 or more");
    if (pool.minimum_idle > pool.maximum_pool_size)
        return refused("pool.minimum_idle", *pool.minimum_idle,
                       fmt::format("at most pool.maximum_pool_size, which is {}", pool.maximum_pool_size));
    return {};
}

} // namespace

error check_options(const database_options& given) {
    if (!given.time) return refused("time", "nullptr", "a clock");
    if (auto wrong = check_pool_size(given.pool)) return wrong;
    const named_time times[] = {
        {"busy_timeout", given.busy_timeout, true},
        {"connect_timeout", given.connect_timeout, false},
        {"statement_timeout", given.statement_timeout, false},
        {"pool.connection_timeout", given.pool.connection_timeout, true},
        {"pool.idle_timeout", given.pool.idle_timeout, true},
        {"pool.max_lifetime", given.pool.max_lifetime, true},
        {"pool.keepalive_time", given.pool.keepalive_time, true},
        {"pool.validation_timeout", given.pool.validation_timeout, false},
        {"pool.leak_detection_threshold", given.pool.leak_detection_threshold, true},
        {"pool.initialization_fail_timeout", given.pool.initialization_fail_timeout, true},
    };
    for (const auto& one : times)
        if (auto wrong = check_time(one)) return wrong;
    return {};
}

} // namespace weir::orm
