// SPDX-License-Identifier: MIT
#include "http/head_parser.hpp"
#include "http/percent.hpp"
#include "http/route_table.hpp"
#include <weir/http/message.hpp>

#include <algorithm>

namespace weir::http {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

// Plain comparisons: find_first_of calls memchr for every character, a third of a small request's instructions.
bool breaks_line(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }
bool breaks_name(char c) noexcept { return c == ':' || c == ' ' || c == '\t' || breaks_line(c); }

void check_field(std::string_view name, std::string_view value) {
    if (name.empty() || std::any_of(name.begin(), name.end(), breaks_name) ||
        std::any_of(value.begin(), value.end(), breaks_line))
        throw error_exception(
            error(errc::internal, "a response header would break the framing: " + std::string(name.substr(0, 40))));
}

} // namespace

http::method request::method() const noexcept { return head_ ? head_->verb : http::method::unknown; }

std::string_view request::method_name() const noexcept {
    return head_ ? std::string_view(bytes_ + head_->method_at, head_->method_size) : std::string_view{};
}

std::string_view request::target() const noexcept {
    return head_ ? std::string_view(bytes_ + head_->target, head_->target_size) : std::string_view{};
}

std::string_view request::path() const noexcept {
    return head_ ? head_->path_in({bytes_, head_->size}) : std::string_view{};
}

std::string_view request::query() const noexcept {
    return head_ ? head_->query_in({bytes_, head_->size}) : std::string_view{};
}

std::size_t request::header_count() const noexcept { return head_ ? head_->field_count : 0; }

header_view request::header_at(std::size_t index) const noexcept {
    const auto& field = head_->fields[index];
    return {field.name_in({bytes_, head_->size}), field.value_in({bytes_, head_->size})};
}

std::string_view request::header(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < header_count(); ++i)
        if (const auto field = header_at(i); same_name(field.name, name)) return field.value;
    return {};
}

bool request::has_header(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < header_count(); ++i)
        if (same_name(header_at(i).name, name)) return true;
    return false;
}

std::string_view request::bearer() const noexcept {
    constexpr std::string_view scheme = "bearer ";
    const auto value = header("authorization");
    if (value.size() <= scheme.size() || !same_name(value.substr(0, scheme.size()), scheme)) return {};
    return value.substr(std::min(value.find_first_not_of(' ', scheme.size()), value.size()));
}

std::size_t header_list::place(std::string_view name) const noexcept {
    for (std::size_t at = 0; at < lines_.size();) {
        const std::size_t colon = lines_.find(':', at);
        if (same_name(std::string_view(lines_).substr(at, colon - at), name)) return at;
        at = lines_.find('\n', colon) + 1;
    }
    return std::string::npos;
}

header_list& header_list::add(std::string_view name, std::string_view value) {
    check_field(name, value);
    lines_.append(name).append(": ").append(value).append("\r\n");
    return *this;
}

header_list& header_list::set(std::string_view name, std::string_view value) {
    erase(name);
    return add(name, value);
}

std::string_view header_list::find(std::string_view name) const noexcept {
    const std::size_t at = place(name);
    if (at == std::string::npos) return {};
    const std::size_t value = at + name.size() + 2;
    return std::string_view(lines_).substr(value, lines_.find('\r', value) - value);
}

void header_list::erase(std::string_view name) {
    for (std::size_t at = place(name); at != std::string::npos; at = place(name))
        lines_.erase(at, lines_.find('\n', at) + 1 - at);
}

void response::clear() noexcept {
    status = 200;
    body.clear();
    headers.clear();
    failure = {};
}

std::string_view reason(int status) noexcept {
    switch (status) {
    case 100:
        return "Continue";
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 203:
        return "Non-Authoritative Information";
    case 204:
        return "No Content";
    case 205:
        return "Reset Content";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 307:
        return "Temporary Redirect";
    case 308:
        return "Permanent Redirect";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 402:
        return "Payment Required";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 411:
        return "Length Required";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 416:
        return "Range Not Satisfiable";
    case 417:
        return "Expectation Failed";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Content";
    case 423:
        return "Locked";
    case 425:
        return "Too Early";
    case 426:
        return "Upgrade Required";
    case 428:
        return "Precondition Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 451:
        return "Unavailable For Legal Reasons";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    case 507:
        return "Insufficient Storage";
    default:
        return "Unknown";
    }
}

int status_of(const error& failure) noexcept {
    if (failure.status() != 0) return failure.status();
    switch (failure.kind()) {
    case errc::ok:
        return 200;
    case errc::invalid_argument:
        return 400;
    case errc::unauthenticated:
        return 401;
    case errc::permission_denied:
        return 403;
    case errc::not_found:
        return 404;
    case errc::already_exists:
    case errc::conflict:
        return 409;
    case errc::too_large:
        return 413;
    case errc::validation_failed:
        return 422;
    case errc::resource_exhausted:
        return 429;
    case errc::unimplemented:
        return 501;
    case errc::cancelled:
    case errc::unavailable:
        return 503;
    case errc::deadline_exceeded:
        return 504;
    case errc::unknown:
    case errc::internal:
        break;
    }
    return 500;
}

} // namespace weir::http
