// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::resilience::detail {

/// Throws std::invalid_argument, such as `retry_options::attempts = 0: accepted 1 or more`.
[[noreturn]] void refuse_option(std::string_view option, const std::string& value, std::string_view accepted);
/// The same for a limiter: `weir: token_bucket: rate = -1: accepted 0 or more`.
[[noreturn]] void refuse_option(std::string_view of, std::string_view option, const std::string& value,
                                std::string_view accepted);

/// Throws unless `fits`.
template<class Value>
void check_option(bool fits, std::string_view option, const Value& value, std::string_view accepted) {
    if (!fits) refuse_option(option, fmt::format("{}", value), accepted);
}

/// These throw for a value outside of the range.
void check_range(const char* option, double value, double least, double most);
void check_range(const char* option, duration value, duration least, duration most = duration::max());
void check_at_least(const char* option, std::size_t value, std::size_t least);

} // namespace weir::resilience::detail
