// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>

#include <string_view>

namespace weir::http::detail {

/// Says in Vary that the response depends on that request field, beside what is said there already
/// (RFC 9110 section 12.5.5).
void add_vary(header_list& headers, std::string_view name);

} // namespace weir::http::detail
