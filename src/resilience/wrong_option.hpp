// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::resilience::detail {

/// Throws std::invalid_argument, as `weir: token_bucket: rate = -1: accepted 0 and more`.
[[noreturn]] void refuse_option(std::string_view of, std::string_view option, const std::string& value,
                                std::string_view accepted);

} // namespace weir::resilience::detail
