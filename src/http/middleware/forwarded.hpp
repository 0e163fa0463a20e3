// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

namespace weir::http::detail {

/// A proxy's information about its peer; empty where it gives none.
struct forwarded_hop {
    std::string_view address;
    std::string_view scheme;
    std::string_view host;
};

/// Appends the elements of a Forwarded field (RFC 7239 section 4), nearest proxy last; a malformed element is a hop
/// without information. Parses from the right, so that an unbalanced quote from the client cannot affect what a proxy
/// appended. Escapes in the quoted strings of an address, scheme or host count as malformed: none needs them.
void parse_forwarded(std::string_view field, std::vector<forwarded_hop>& out);

/// Returns a hop's address without port and brackets; empty if there is none.
std::string_view hop_address(std::string_view text) noexcept;

} // namespace weir::http::detail
