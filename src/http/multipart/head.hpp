// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/multipart_parser.hpp>

namespace weir::http::detail {

/// Returns the boundary of a multipart/form-data Content-Type; 415 for another type, 400 for an invalid one.
result<std::string> boundary_of(std::string_view content_type);

/// Parses a part's header fields, each ended by CRLF; 400 if malformed.
result<multipart_head> parse_part_head(std::string_view block);

} // namespace weir::http::detail
