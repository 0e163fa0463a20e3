// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_url.hpp"
#include <weir/http/client.hpp>

#include <string>
#include <string_view>

namespace weir::http {

/// Whether a client may follow this response: 301, 302, 303, 307 or 308 with a Location (RFC 9110, 15.4).
bool is_redirect(const client_response& response) noexcept;

/// Whether this redirect would have the request's body sent again.
bool repeats_body(const client_request& request, const client_response& response) noexcept;

/// Makes of a request the one that the redirect asks for. 303 makes it a GET, 301 and 302 do so with a POST as
/// everybody does (RFC 9110, 15.4); 307 and 308 repeat it. What proves who is asking stays with the origin.
/// What a Location should have escaped is escaped. errc::unavailable for a place that is no URL of ours, and from
/// https to http.
result<void> follow_redirect(client_request& request, client_url& url, const client_response& response);

/// A reference against the URL where it was found (RFC 3986, 5.2), as text.
std::string resolve_reference(const client_url& base, std::string_view reference);

} // namespace weir::http
