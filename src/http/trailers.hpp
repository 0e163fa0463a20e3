// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/message.hpp>

#include <string_view>

namespace weir::http::detail {

/// Whether a field means something behind a body: none that frames or routes the message, is about the connection,
/// changes what the request asks for, says who asks, or tells how the content is to be read (RFC 9110 section 6.5.1).
/// The others are neither taken nor sent.
bool fits_trailers(std::string_view name) noexcept;

/// Keeps a received field, whose form has been checked, unless it doesn't fit: then it is passed over.
void take_trailer(header_list& to, std::string_view name, std::string_view value);

/// Received fields, each a line that ends in LF alone, with the blanks around their values.
header_list parse_trailers(std::string_view lines);

/// Attached to the context of a request that came with some.
struct request_trailers {
    header_list fields{};
};

} // namespace weir::http::detail
