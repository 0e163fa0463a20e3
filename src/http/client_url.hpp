// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

/// An absolute http(s) URL taken apart (RFC 3986), as the client needs it.
struct client_url {
    bool tls = false;
    std::string host{}; ///< lower case, an IPv6 address without its brackets
    std::uint16_t port = 0;
    std::string target{}; ///< path and query, at least "/"; the fragment is dropped

    /// For the Host field: with brackets where needed, without a default port.
    std::string authority() const;
    /// The URL as text again.
    std::string whole() const;
    /// Which connections may serve it.
    std::string pool_key() const;
};

/// Whether it may stand in a URL's path or query as it is.
bool is_target_character(char c) noexcept;

/// errc::invalid_argument for anything but http and https, for user and password, and for characters that
/// should have been percent-encoded. The message never holds the URL.
result<client_url> parse_client_url(std::string_view text);

} // namespace weir::http
