// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace weir::resilience::detail {

namespace {

std::string shown(duration value) {
    return value == duration::max() ? "duration::max()" : fmt::format("{} ns", value.count());
}

} // namespace

void refuse_option(std::string_view option, const std::string& value, std::string_view accepted) {
    throw std::invalid_argument(fmt::format("{} = {}: accepted {}", option, value, accepted));
}

void refuse_option(std::string_view of, std::string_view option, const std::string& value, std::string_view accepted) {
    refuse_option(fmt::format("weir: {}: {}", of, option), value, accepted);
}

void check_range(const char* option, double value, double least, double most) {
    if (value >= least && value <= most) return;
    refuse_option(option, fmt::format("{}", value), fmt::format("{} to {}", least, most));
}

void check_range(const char* option, duration value, duration least, duration most) {
    if (value >= least && value <= most) return;
    refuse_option(option, shown(value), shown(least) + " to " + shown(most));
}

void check_at_least(const char* option, std::size_t value, std::size_t least) {
    if (value >= least) return;
    refuse_option(option, fmt::format("{}", value), fmt::format("{} or more", least));
}

} // namespace weir::resilience::detail
