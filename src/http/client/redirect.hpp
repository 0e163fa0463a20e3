// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/url.hpp"
#include <weir/http/client.hpp>

#include <string>
#include <string_view>

namespace weir::http::detail {

/// Whether a client may follow this response: 301, 302, 303, 307 or 308 with a Location (RFC 9110, 15.4).
bool is_redirect(const client_response& response) noexcept;

/// Whether this redirect requires sending the request's body again.
bool repeats_body(const client_request& request, const client_response& response) noexcept;

/// Changes a request as the redirect demands. 303 makes it a GET, and so do 301 and 302 for a POST, as is common
/// practice (RFC 9110, 15.4); 307 and 308 repeat it. Credentials are not sent to another origin. Unescaped characters
/// in Location are escaped. errc::unavailable if the target isn't a supported URL, and for a redirect from https to
/// http.
result<void> follow_redirect(client_request& request, client_url& url, const client_response& response);

/// Resolves a reference against its base URL (RFC 3986, 5.2).
std::string resolve_reference(const client_url& base, std::string_view reference);

} // namespace weir::http::detail
