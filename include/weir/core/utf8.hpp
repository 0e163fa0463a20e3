// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

/// What `next_utf8` found at the start of some text.
struct utf8_step {
    std::uint8_t length = 0; ///< bytes of the code point, or of the ill-formed part to replace
    bool valid = false;
};

/// Examines the first code point of a non-empty string (RFC 3629: no surrogates, no overlong forms, nothing above
/// U+10FFFF). An ill-formed part is as long as Unicode's "maximal subpart" (table 3-8).
utf8_step next_utf8(std::string_view text) noexcept;

/// Whether the whole string is ASCII.
bool is_ascii(std::string_view text) noexcept;

/// Whether the whole string is well-formed UTF-8.
bool is_utf8(std::string_view text) noexcept;

/// The number of code points; an ill-formed part counts as one.
std::size_t utf8_length(std::string_view text) noexcept;

} // namespace weir
