// SPDX-License-Identifier: MIT
#pragma once

#include "http/message/body_form.hpp"
#include "http/wire/output_buffer.hpp"
#include <weir/core/clock.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// The Date field's line, updated once a second (RFC 9110 section 6.6.1), and the start of most responses: the status
/// line of 200 and that line. One per loop.
class date_line {
public:
    const date_line& at(time_point now, const weir::clock& clock) {
        if (now >= until_) renew(now, clock);
        return *this;
    }

    std::string_view text() const noexcept { return std::string_view(start_).substr(status_size); }
    std::string_view ok_and_text() const noexcept { return start_; }

private:
    static constexpr std::size_t status_size = 17; // HTTP/1.1 200 OK

    void renew(time_point now, const weir::clock& clock);

    time_point until_ = time_point::min();
    std::string start_;
};

/// The properties of a request that determine its response's framing.
struct framing {
    bool head_only = false; // HEAD
    bool keep_alive = true; // after the response
    bool http_1_0 = false;
    body_form form = body_form::buffered;
};

body_form form_of_tail(const response_tail& tail, std::uint8_t minor_version) noexcept;

/// Returns how a response's body is delimited.
inline body_form form_of(const response& res, std::uint8_t minor_version) noexcept {
    return res.tail ? form_of_tail(*res.tail, minor_version) : body_form::buffered;
}

/// Whether a status allows a body (RFC 9110 section 6.4.1).
inline bool has_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

/// Whether a response completes its request: 101 followed by another protocol, or else 200 to 599 (RFC 9110 section
/// 15).
inline bool ends_request(const response& res) noexcept {
    if (res.tail && form_of_tail(*res.tail, 1) == body_form::upgraded) return res.status == 101;
    return res.status >= 200 && res.status < 600;
}

/// Appends the response in its wire format.
void render(const response& res, framing how, const date_line& date, output_buffer& out);

} // namespace weir::http::detail
