// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::resilience::detail {

/// Throws std::invalid_argument: `retry_options::attempts = 0: accepted 1 or more`.
[[noreturn]] void refuse_option(std::string_view option, const std::string& value, std::string_view accepted);
/// The same of a limiter: `weir: token_bucket: rate = -1: accepted 0 and more`.
[[noreturn]] void refuse_option(std::string_view of, std::string_view option, const std::string& value,
                                std::string_view accepted);

/// Refuses the option unless it fits.
template<class Value>
void check_option(bool fits, std::string_view option, const Value& value, std::string_view accepted) {
    if (!fits) refuse_option(option, fmt::format("{}", value), accepted);
}

/// These refuse it outside of a range.
void check_range(const char* option, double value, double least, double most);
void check_range(const char* option, duration value, duration least, duration most = duration::max());
void check_at_least(const char* option, std::size_t value, std::size_t least);

} // namespace weir::resilience::detail
