// SPDX-License-Identifier: MIT
#include "resilience/wrong_option.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace weir::resilience::detail {

void refuse_option(std::string_view of, std::string_view option, const std::string& value, std::string_view accepted) {
    throw std::invalid_argument(fmt::format("weir: {}: {} = {}: accepted {}", of, option, value, accepted));
}

} // namespace weir::resilience::detail
