// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::http {

/// Returns the media type for a file name's extension, case-insensitively: `text/html; charset=utf-8` for `index.html`.
/// `application/octet-stream` for an unknown extension, a name without one, and a dotfile. From IANA's registry
/// (https://www.iana.org/assignments/media-types), and RFC 9239 for scripts; text is UTF-8.
std::string_view media_type_of(std::string_view path) noexcept;

} // namespace weir::http
