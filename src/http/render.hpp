// SPDX-License-Identifier: MIT
#pragma once

#include "http/exchange_stream.hpp"
#include <weir/core/clock.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// The Date field's line, made anew once a second (RFC 9110 section 6.6.1). One per loop.
class date_line {
public:
    std::string_view at(time_point now, const weir::clock& clock);

private:
    time_point until_ = time_point::min();
    std::string line_;
};

/// What of the request decides how its response is framed.
struct framing {
    bool head_only = false; // HEAD
    bool keep_alive = true; // after the response
    bool http_1_0 = false;
    body_form form = body_form::buffered;
};

/// How a response's body is delimited.
body_form form_of(const response& res, std::uint8_t minor_version) noexcept;

/// Whether a status goes with a body (RFC 9110 section 6.4.1).
bool has_body(int status) noexcept;

/// Appends the response as it goes on the wire.
void render(const response& res, framing how, std::string_view date, std::string& out);

} // namespace weir::http::detail
