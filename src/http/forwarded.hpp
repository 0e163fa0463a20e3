// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

namespace weir::http::detail {

/// What one proxy says of the peer that it was spoken to by; empty where it says nothing.
struct forwarded_hop {
    std::string_view address;
    std::string_view scheme;
    std::string_view host;
};

/// Appends the elements of a Forwarded field (RFC 7239 section 4), nearest proxy last; a malformed one is a hop
/// that says nothing. Reads from the right, so that an unbalanced quote of the client's leaves what a proxy appended
/// as it is. Escapes in the quoted strings of an address, scheme or host count as malformed: none needs them.
void parse_forwarded(std::string_view field, std::vector<forwarded_hop>& out);

/// The address of a hop without port and brackets; empty if there is none.
std::string_view hop_address(std::string_view text) noexcept;

} // namespace weir::http::detail
