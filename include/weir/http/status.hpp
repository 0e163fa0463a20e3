// SPDX-License-Identifier: MIT
#pragma once

#include <boost/beast/http/status.hpp>

#include <ostream> // of which Beast's operator<< needs the definition
#include <string_view>

namespace weir::http {

/// The status codes by name, in Beast's words: `weir::response(weir::status::created)`. Wherever one is expected a
/// number does as well.
using status = boost::beast::http::status;

/// The reason phrase of a status, `Unknown` for a number without one.
std::string_view reason(int code);

} // namespace weir::http

namespace weir {
using http::status;
} // namespace weir
