// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir::http::detail {

/// One entity tag (RFC 9110 section 8.8.3).
struct entity_tag {
    std::string_view opaque; // without quotes
    bool weak = false;
};

/// Removes one tag from the front of `rest`; false if there is none. A backslash is an ordinary character.
bool take_entity_tag(std::string_view& rest, entity_tag& out) noexcept;

/// Both strong, with equal opaque parts.
inline bool strong_match(entity_tag a, entity_tag b) noexcept { return !a.weak && !b.weak && a.opaque == b.opaque; }
inline bool weak_match(entity_tag a, entity_tag b) noexcept { return a.opaque == b.opaque; }

enum class tag_comparison : bool { weak, strong };

/// Whether a list of tags contains a match. Parsing stops at a malformed tag.
bool lists_tag(std::string_view list, entity_tag wanted, tag_comparison how) noexcept;

} // namespace weir::http::detail
