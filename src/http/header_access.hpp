// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>

namespace weir::http::detail {

/// What the engine may do with fields that it knows to be right.
struct header_access {
    /// Adds a whole line, unlooked at.
    static void append(header_list& to, std::string_view line) { to.lines_.append(line); }
};

} // namespace weir::http::detail
