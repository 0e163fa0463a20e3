// SPDX-License-Identifier: MIT
#pragma once

#include <boost/beast/http/field.hpp>

#include <string_view>

namespace weir::http {

/// The registered field names, as in Beast: `req.header(weir::field_name::user_agent)`. A string works as well.
using field_name = boost::beast::http::field;

/// Returns the name in its usual spelling: `User-Agent`.
inline std::string_view name(field_name known) { return boost::beast::http::to_string(known); }

} // namespace weir::http

namespace weir {
using http::field_name;
} // namespace weir
