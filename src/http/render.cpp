// SPDX-License-Identifier: MIT
#include "http/render.hpp"

#include "http/append.hpp"

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

// A number's digits, somewhere at hand.
class decimal {
public:
    explicit decimal(std::size_t number) noexcept
        : size_(static_cast<std::size_t>(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr - digits_)) {}

    std::string_view text() const noexcept { return {digits_, size_}; }

private:
    char digits_[24];
    std::size_t size_;
};

std::string_view connection_line(framing how) noexcept {
    if (!how.keep_alive) return "connection: close\r\n";
    return how.http_1_0 ? "connection: keep-alive\r\n" : "";
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
    constexpr std::string_view length_name = "content-length: ";
    constexpr std::string_view line_end = "\r\n";
    const std::string_view status = status_line(res.status);
    const std::string_view connection = connection_line(how);
    const bool body = has_body(res.status);
    const decimal length(res.body.size());
    const std::size_t length_line = length_name.size() + length.text().size() + line_end.size();
    char* at = extend(out, status.size() + res.headers.lines().size() + date.size() + (body ? length_line : 0) +
                               connection.size() + line_end.size());
    at = put(put(put(at, status), res.headers.lines()), date);
    if (body) at = put(put(put(at, length_name), length.text()), line_end);
    put(put(at, connection), line_end);
    if (body && !how.head_only) out.append(res.body);
}

} // namespace weir::http::detail
