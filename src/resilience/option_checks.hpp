// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <cstdint>
#include <string>

namespace weir::resilience::detail {

/// These throw std::invalid_argument, which names the option, its value and what is accepted.
void check_range(const char* option, double value, double least, double most);
void check_range(const char* option, duration value, duration least, duration most = duration::max());
void check_at_least(const char* option, std::size_t value, std::size_t least);
[[noreturn]] void refuse_option(const char* option, const std::string& value, const std::string& accepted);

} // namespace weir::resilience::detail
