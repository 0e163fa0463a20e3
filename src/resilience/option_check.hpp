// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

namespace weir::resilience::detail {

/// Throws std::invalid_argument unless the option fits: `circuit_breaker_options.probes = 0: accepted 1 and more`.
template<class Value>
void check_option(bool fits, std::string_view option, const Value& value, std::string_view accepted) {
    if (!fits) throw std::invalid_argument(fmt::format("{} = {}: accepted {}", option, value, accepted));
}

} // namespace weir::resilience::detail
