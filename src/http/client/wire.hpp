// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/url.hpp"
#include <weir/http/client.hpp>

#include <string>
#include <string_view>

namespace weir::http::detail {

/// Renders the request's head. errc::invalid_argument if a part of it could be read as another field or another
/// request.
result<std::string> render_client_head(const client_request& request, const client_url& url,
                                       std::string_view user_agent, std::string_view accept_encoding);

/// Whether a field's value has no control character except the tab.
bool is_field_value(std::string_view text) noexcept;

} // namespace weir::http::detail
