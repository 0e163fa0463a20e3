// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>

#include <string_view>

namespace weir::http::detail {

/// Adds the name of a request field to Vary, keeping the names already there (RFC 9110 section 12.5.5).
void add_vary(header_list& headers, std::string_view name);

} // namespace weir::http::detail
