// SPDX-License-Identifier: MIT
#include "http/render.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

namespace weir::http::detail {

namespace {

// Status lines of the codes that have a reason, made once.
const std::string& status_line(int status) {
    static const auto lines = [] {
        std::array<std::string, 600> made;
        for (int code = 100; code < 600; ++code)
            made[static_cast<std::size_t>(code)] = fmt::format("HTTP/1.1 {} {}\r\n", code, reason(code));
        return made;
    }();
    return lines[status >= 100 && status < 600 ? static_cast<std::size_t>(status) : 500];
}

void append_length(std::size_t size, std::string& out) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size).ptr;
    out.append("content-length: ").append(digits.data(), end).append("\r\n");
}

bool has_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

} // namespace

std::string_view date_line::at(time_point now, const weir::clock& clock) {
    if (now >= until_) {
        const auto wall = clock.wall_now();
        const auto second = std::chrono::floor<std::chrono::seconds>(wall);
        until_ = now + (second + std::chrono::seconds(1) - wall);
        line_ = fmt::format("date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                            fmt::gmtime(static_cast<std::time_t>(second.time_since_epoch().count())));
    }
    return line_;
}

void render(const response& res, framing how, std::string_view date, std::string& out) {
    out.append(status_line(res.status)).append(res.headers.lines()).append(date);
    if (has_body(res.status)) append_length(res.body.size(), out);
    if (!how.keep_alive)
        out.append("connection: close\r\n");
    else if (how.http_1_0)
        out.append("connection: keep-alive\r\n");
    out.append("\r\n");
    if (has_body(res.status) && !how.head_only) out.append(res.body);
}

} // namespace weir::http::detail
