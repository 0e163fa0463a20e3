// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::redis::detail {

/// SHA-1 (FIPS 180-4) as 40 hexadecimal digits: Redis's name for a script, not a protection.
std::string sha1_hex(std::string_view bytes);

} // namespace weir::redis::detail
