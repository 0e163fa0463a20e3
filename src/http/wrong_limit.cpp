// SPDX-License-Identifier: MIT
#include "http/wrong_limit.hpp"

#include "http/head_parser.hpp"

#include <fmt/format.h>

namespace weir::http::detail {

error wrong_limit(const limits& given) {
    if (given.fields >= 1 && given.fields <= max_head_fields) return {};
    return {errc::invalid_argument, fmt::format("limits.fields = {}: accepted 1..{}", given.fields, max_head_fields)};
}

} // namespace weir::http::detail
