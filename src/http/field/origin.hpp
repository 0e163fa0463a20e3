// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::http::detail {

/// Whether two origins are the same, case-insensitively and with the scheme's default port optional (RFC 6454 section
/// 5).
bool same_origin(std::string_view a, std::string_view b) noexcept;

/// Whether a page of this origin is the service's own, by the requested host. Its scheme is checked if the service's is
/// known to be https; if it appears to be http, TLS may have ended at a proxy.
bool own_origin(std::string_view origin, std::string_view host, bool secure) noexcept;

} // namespace weir::http::detail
