// SPDX-License-Identifier: MIT
#pragma once

#include <boost/beast/http/status.hpp>

#include <ostream> // for Beast's operator<<
#include <string_view>

namespace weir::http {

/// The status codes by name, as in Beast: `weir::response(weir::status::created)`. A number works everywhere as well.
using status = boost::beast::http::status;

/// Returns the reason phrase of a status, `Unknown` for a number without one.
std::string_view reason(int code);

} // namespace weir::http

namespace weir {
using http::status;
} // namespace weir
