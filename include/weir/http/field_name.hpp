// SPDX-License-Identifier: MIT
#pragma once

#include <boost/beast/http/field.hpp>

#include <string_view>

namespace weir::http {

/// The registered field names, in Beast's words: `req.header(weir::field_name::user_agent)`. A text does as well.
using field_name = boost::beast::http::field;

/// The name as it is usually written: `User-Agent`.
inline std::string_view name(field_name known) { return boost::beast::http::to_string(known); }

} // namespace weir::http

namespace weir {
using http::field_name;
} // namespace weir
