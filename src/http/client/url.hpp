// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// The parts of an absolute http(s) URL (RFC 3986) that the client needs.
struct client_url {
    bool tls = false;
    std::string host{}; ///< lower case, an IPv6 address without its brackets
    std::uint16_t port = 0;
    std::string target{}; ///< path and query, at least "/"; the fragment is dropped

    /// For the Host field: with brackets if needed, without a default port.
    std::string authority() const;
    /// Returns the URL as a string.
    std::string whole() const;
    /// Identifies the connections that can serve it.
    std::string pool_key() const;
};

/// Whether the character is allowed unescaped in a URL's path or query.
bool is_target_character(char c) noexcept;

/// Parses a URL. errc::invalid_argument for other schemes than http and https, for user and password, and for
/// characters that should be percent-encoded. The message never contains the URL.
result<client_url> parse_client_url(std::string_view text);

} // namespace weir::http::detail
