// SPDX-License-Identifier: MIT
#include "http/render.hpp"

#include "http/append.hpp"
#include "http/response_tail.hpp"

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

// What says where the body ends; the length follows where that is known.
std::string_view delimiter_name(body_form form) noexcept {
    if (form == body_form::chunked) return "transfer-encoding: chunked\r\n";
    return form == body_form::buffered || form == body_form::sized ? "content-length: " : "";
}

std::size_t body_size(const response& res) noexcept {
    return res.tail ? static_cast<std::size_t>(*announced_size(*res.tail)) : res.body.size();
}

std::string_view connection_line(framing how) noexcept {
    if (how.form == body_form::upgraded) return "connection: upgrade\r\n";
    if (!how.keep_alive) return "connection: close\r\n";
    return how.http_1_0 ? "connection: keep-alive\r\n" : "";
}

} // namespace

bool has_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

body_form form_of(const response& res, std::uint8_t minor_version) noexcept {
    if (!res.tail) return body_form::buffered;
    if (std::holds_alternative<upgrade>(res.tail->kind)) return body_form::upgraded;
    if (announced_size(*res.tail)) return body_form::sized;
    return minor_version == 0 ? body_form::until_close : body_form::chunked;
}

const date_line& date_line::at(time_point now, const weir::clock& clock) {
    if (now >= until_) {
        const auto wall = clock.wall_now();
        const auto second = std::chrono::floor<std::chrono::seconds>(wall);
        until_ = now + (second + std::chrono::seconds(1) - wall);
        start_ = fmt::format("HTTP/1.1 200 OK\r\ndate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                             fmt::gmtime(static_cast<std::time_t>(second.time_since_epoch().count())));
    }
    return *this;
}

void render(const response& res, framing how, const date_line& date, std::string& out) {
    constexpr std::string_view line_end = "\r\n";
    const bool ok = res.status == 200;
    const std::string_view status = ok ? date.ok_and_text() : status_line(res.status);
    const std::string_view rest = ok ? std::string_view() : date.text();
    const std::string_view connection = connection_line(how);
    const bool body = has_body(res.status);
    const bool sized = how.form == body_form::buffered || how.form == body_form::sized;
    const std::string_view delimited = body ? delimiter_name(how.form) : std::string_view();
    const decimal length(sized ? body_size(res) : 0);
    const std::size_t length_line = sized ? length.text().size() + line_end.size() : 0;
    char* at = extend(out, status.size() + rest.size() + res.headers.lines().size() + delimited.size() +
                               (body ? length_line : 0) + connection.size() + line_end.size());
    at = put(put(put(put(at, status), rest), res.headers.lines()), delimited);
    if (body && sized) at = put(put(at, length.text()), line_end);
    put(put(at, connection), line_end);
    if (body && !how.head_only) out.append(res.body);
}

} // namespace weir::http::detail
