// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::http {

/// The media type of a file by the ending of its name, in any case: `text/html; charset=utf-8` for
/// `index.html`. `application/octet-stream` for an unknown ending, a name without one, and a dotfile. After
/// IANA's registry (https://www.iana.org/assignments/media-types) and RFC 9239 for scripts; text is UTF-8.
std::string_view media_type_of(std::string_view path) noexcept;

} // namespace weir::http
