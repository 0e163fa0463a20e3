// SPDX-License-Identifier: MIT
#include "http/wire/render.hpp"

#include "http/message/framing_fields.hpp"
#include "http/message/response_tail.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

namespace weir::http::detail {

namespace {

// Status lines of the codes that have a reason, formatted once.
const std::string& status_line(int status) {
    static const auto lines = [] {
        std::array<std::string, 600> made;
        for (int code = 100; code < 600; ++code)
            made[static_cast<std::size_t>(code)] = fmt::format("HTTP/1.1 {} {}\r\n", code, http::reason(code));
        return made;
    }();
    return lines[status >= 100 && status < 600 ? static_cast<std::size_t>(status) : 500];
}

// A number's decimal digits.
class decimal {
public:
    explicit decimal(std::size_t number) noexcept
        : size_(static_cast<std::size_t>(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr - digits_)) {}

    std::string_view text() const noexcept { return {digits_, size_}; }

private:
    char digits_[24];
    std::size_t size_;
};

std::size_t body_size(const response& res) noexcept {
    return res.tail ? static_cast<std::size_t>(*announced_size(*res.tail)) : res.body.size();
}

std::string_view connection_option(framing how) noexcept {
    if (how.form == body_form::upgraded) return "upgrade";
    if (!how.keep_alive) return "close";
    return how.http_1_0 ? "keep-alive" : "";
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

// 200 with a buffered body, on a connection that stays open, and not HEAD: nearly all responses.
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

void append_line(std::string_view name, std::string_view value, output_buffer& out) {
    out.append(name);
    out.append(value);
    out.append("\r\n");
}

// Appends the field that delimits the body. A response to HEAD and a 304 have none, but may give the size of the body
// that isn't sent; if that is unknown, there is no field (RFC 9110 section 8.6).
void append_delimiter(const response& res, framing how, const framing_fields& handler_fields, output_buffer& out) {
    constexpr std::string_view length_name = "content-length: ";
    const bool elsewhere = res.status == 304 || (how.head_only && !res.tail && res.body.empty());
    if (elsewhere && res.status != 204) {
        if (!handler_fields.length.empty()) append_line(length_name, handler_fields.length, out);
    } else if (has_body(res.status)) {
        if (how.form == body_form::chunked) out.append("transfer-encoding: chunked\r\n");
        if (how.form == body_form::buffered || how.form == body_form::sized)
            append_line(length_name, decimal(body_size(res)).text(), out);
    }
}

void append_connection(framing how, const framing_fields& handler_fields, output_buffer& out) {
    const std::string_view own = connection_option(how);
    if (own.empty() && handler_fields.options.empty()) return;
    out.append("connection: ");
    out.append(own);
    if (!own.empty() && !handler_fields.options.empty()) out.append(", ");
    append_line(handler_fields.options, "", out);
}

} // namespace

void render(const response& res, framing how, const date_line& date, output_buffer& out) {
    const bool plain = !may_have_framing_fields(res.headers);
    if (plain && is_usual(res, how)) return render_usual(res, date, out);
    const framing_fields handler_fields = plain ? framing_fields{} : read_framing_fields(res.headers);
    const bool ours = handler_fields.date.empty();
    const bool usual_start = ours && res.status == 200;
    out.append(usual_start ? date.ok_and_text() : status_line(res.status));
    if (!ours) append_line("date: ", handler_fields.date, out);
    if (ours && !usual_start) out.append(date.text());
    out.append(plain ? res.headers.lines() : handler_fields.others);
    append_delimiter(res, how, handler_fields, out);
    append_connection(how, handler_fields, out);
    out.append("\r\n");
    if (has_body(res.status) && !how.head_only) out.append(res.body);
}

} // namespace weir::http::detail
