// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>

#include <string_view>

namespace weir::http::detail {

/// Whether a field is allowed after a body: not one that frames or routes the message, concerns the connection,
/// modifies the request, authenticates, or describes how to read the content (RFC 9110 section 6.5.1). Other fields are
/// neither accepted nor sent.
bool fits_trailers(std::string_view name) noexcept;

/// Adds a received, syntactically checked field, unless it isn't allowed; then it is ignored.
void take_trailer(header_list& to, std::string_view name, std::string_view value);

/// Parses received fields, each a line that ends in LF only, with blanks around the values.
header_list parse_trailers(std::string_view lines);

/// Attached to the context of a request that has trailers.
struct request_trailers {
    header_list fields{};
};

} // namespace weir::http::detail
