// SPDX-License-Identifier: MIT
#include "http/render.hpp"

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

body_form form_of_tail(const response_tail& tail, std::uint8_t minor_version) noexcept {
    if (std::holds_alternative<upgrade>(tail.kind)) return body_form::upgraded;
    if (announced_size(tail)) return body_form::sized;
    return minor_version == 0 ? body_form::until_close : body_form::chunked;
}

void date_line::renew(time_point now, const weir::clock& clock) {
    const auto wall = clock.wall_now();
    const auto second = std::chrono::floor<std::chrono::seconds>(wall);
    until_ = now + (second + std::chrono::seconds(1) - wall);
    start_ = fmt::format("HTTP/1.1 200 OK\r\ndate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                         fmt::gmtime(static_cast<std::time_t>(second.time_since_epoch().count())));
}

namespace {

// 200 with the body at hand, on a connection that stays, and no HEAD: what nearly all responses are.
bool is_usual(const response& res, framing how) noexcept {
    return res.status == 200 && how.form == body_form::buffered && how.keep_alive && !how.head_only && !how.http_1_0;
}

std::size_t digits_of(std::size_t number) noexcept {
    std::size_t digits = 1;
    for (; number >= 10; number /= 10) ++digits;
    return digits;
}

void render_usual(const response& res, const date_line& date, output_buffer& out) {
    constexpr std::string_view length_name = "content-length: ";
    constexpr std::string_view head_end = "\r\n\r\n";
    const std::string_view start = date.ok_and_text();
    const std::string_view lines = res.headers.lines();
    const std::size_t digits = digits_of(res.body.size());
    char* at =
        out.extend(start.size() + lines.size() + length_name.size() + digits + head_end.size() + res.body.size());
    at = put(put(put(at, start), lines), length_name);
    at = std::to_chars(at, at + digits, res.body.size()).ptr;
    put(put(at, head_end), res.body);
}

} // namespace

void render(const response& res, framing how, const date_line& date, output_buffer& out) {
    if (is_usual(res, how)) return render_usual(res, date, out);
    constexpr std::string_view line_end = "\r\n";
    const bool ok = res.status == 200;
    const bool body = has_body(res.status);
    out.append(ok ? date.ok_and_text() : status_line(res.status));
    if (!ok) out.append(date.text());
    out.append(res.headers.lines());
    if (body) out.append(delimiter_name(how.form));
    if (body && (how.form == body_form::buffered || how.form == body_form::sized)) {
        out.append(decimal(body_size(res)).text());
        out.append(line_end);
    }
    out.append(connection_line(how));
    out.append(line_end);
    if (body && !how.head_only) out.append(res.body);
}

} // namespace weir::http::detail
