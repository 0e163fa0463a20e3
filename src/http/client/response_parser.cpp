// SPDX-License-Identifier: MIT
#include "http/client/response_parser.hpp"

#include "http/client/wire.hpp"
#include "http/field/byte_scan.hpp"
#include "http/field/field_syntax.hpp"
#include "http/message/header_access.hpp"
#include "http/message/trailers.hpp"

#include <algorithm>
#include <charconv>

namespace weir::http {

using detail::equal_no_case;

namespace {

constexpr std::size_t longest_chunk_line = 4096;

// To the caller's own client, another server's fault is 502 (RFC 9110, 15.6.3).
constexpr int bad_gateway = 502;

error malformed(std::string_view what) {
    return error(errc::unavailable, "malformed response: " + std::string(what)).with_status(bad_gateway);
}

error oversized(std::string_view what) {
    return error(errc::too_large, "the response's " + std::string(what)).with_status(bad_gateway);
}

// Whether a comma-separated field such as Connection names the token.
bool lists(std::string_view value, std::string_view token) noexcept {
    for (detail::comma_list list(value); list.next();)
        if (equal_no_case(list.element(), token)) return true;
    return false;
}

template<class Number>
bool parse_whole(std::string_view text, Number& out, int base) noexcept {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return failed == std::errc{} && end == text.data() + text.size();
}

} // namespace

result<void> client_response_parser::feed(std::string_view bytes) {
    started_ = started_ || !bytes.empty();
    while (!bytes.empty() && !done()) {
        auto used = step(bytes);
        if (!used) return used.error();
        bytes.remove_prefix(*used);
    }
    surplus_ = surplus_ || !bytes.empty();
    return ok();
}

result<void> client_response_parser::end_of_stream() {
    if (at_ == state::until_close) at_ = state::done;
    if (done()) return ok();
    if (!started_) return error(errc::unavailable, "the connection was closed before a response arrived");
    return error(errc::unavailable, "the connection was closed in the middle of the response");
}

result<std::size_t> client_response_parser::step(std::string_view bytes) {
    switch (at_) {
    case state::head:
        return read_head(bytes);
    case state::length:
    case state::chunk:
        return read_sized(bytes);
    case state::until_close:
        return read_until_close(bytes);
    default:
        return read_line(bytes);
    }
}

result<std::size_t> client_response_parser::read_head(std::string_view bytes) {
    const std::size_t before = text_.size();
    const std::size_t room = most_.head - std::min(most_.head, head_bytes_);
    text_.append(bytes.substr(0, room + 1)); // one extra byte detects that the limit is exceeded
    const auto end = text_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == text_.npos) {
        head_bytes_ += text_.size() - before;
        if (head_bytes_ > most_.head) return oversized("header fields are too large");
        return bytes.size();
    }
    text_.resize(end + 4);
    const std::size_t used = text_.size() - before;
    head_bytes_ += used;
    if (head_bytes_ > most_.head) return oversized("header fields are too large");
    if (auto parsed = parse_head(); !parsed) return parsed.error();
    text_.clear();
    return used;
}

result<void> client_response_parser::parse_head() {
    response_ = client_response();
    for (std::size_t begin = 0; begin + 2 < text_.size();) { // to the empty line
        const bool first = begin == 0;
        const auto end = first ? text_.find("\r\n") : unfolded_end(begin);
        const auto line = std::string_view(text_).substr(begin, end - begin);
        auto parsed = first ? parse_status_line(line) : take_header(line);
        if (!parsed) return parsed;
        begin = end + 2;
    }
    return choose_framing();
}

// Returns the end of the field line that starts at `begin`, replacing line folds by blanks (RFC 9112, 5.2).
std::size_t client_response_parser::unfolded_end(std::size_t begin) {
    auto end = text_.find("\r\n", begin);
    for (; detail::is_blank(text_[end + 2]); end = text_.find("\r\n", end)) text_.replace(end, 2, "  ");
    return end;
}

result<void> client_response_parser::parse_status_line(std::string_view line) {
    const bool known = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
    if (!known || line.size() < 12) return malformed("no HTTP/1.1 status line");
    http_1_0_ = line[7] == '0';
    if (!parse_whole(line.substr(9, 3), response_.status, 10)) return malformed("no status code");
    const auto reason = line.substr(12);
    if (response_.status < 100 || response_.status > 599) return malformed("the status code is out of range");
    if (!reason.empty() && reason.front() != ' ') return malformed("no status code");
    if (!is_field_value(reason)) return malformed("a control character in the status line");
    return ok();
}

result<header_view> client_response_parser::parse_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == line.npos || !detail::is_token(line.substr(0, colon)))
        return malformed("a header field has no valid name");
    const auto value = detail::trim(line.substr(colon + 1));
    if (!is_field_value(value)) return malformed("a control character in a header field");
    return header_view{line.substr(0, colon), value};
}

result<void> client_response_parser::take_header(std::string_view line) {
    const auto field = parse_field(line);
    if (!field) return field.error();
    detail::header_access::append(response_.headers, field->name, field->value);
    return ok();
}

result<void> client_response_parser::take_trailer(std::string_view line) {
    head_bytes_ += line.size() + 2;
    if (head_bytes_ > most_.head) return oversized("header fields are too large");
    if (!line.empty() && detail::is_blank(line.front())) { // continues the previous line (folding)
        if (trailer_.empty()) return malformed("a header field has no valid name");
        trailer_ += line;
        return ok();
    }
    if (auto kept = keep_trailer(); !kept) return kept;
    trailer_ = line;
    if (line.empty()) at_ = state::done;
    return ok();
}

result<void> client_response_parser::keep_trailer() {
    if (trailer_.empty()) return ok();
    const auto field = parse_field(trailer_);
    if (!field) return field.error();
    detail::take_trailer(response_.trailers, field->name, field->value);
    return ok();
}

// RFC 9112, 6.3; both lengths at once, or a coding that isn't exactly "chunked", is refused.
result<void> client_response_parser::choose_framing() {
    if (response_.status == 101) return malformed("101 was not requested");
    if (response_.status < 200) return ok(); // interim: the next head follows

    bool close = http_1_0_;
    std::string_view coding;
    std::optional<std::string_view> length;
    for (const header_view field : response_.headers) {
        if (equal_no_case(field.name, "connection")) {
            if (lists(field.value, "close"))
                close = true;
            else if (http_1_0_ && lists(field.value, "keep-alive"))
                close = false;
        } else if (equal_no_case(field.name, "transfer-encoding")) {
            if (!coding.empty() || !equal_no_case(field.value, "chunked") || http_1_0_)
                return malformed("unsupported transfer coding");
            coding = field.value;
        } else if (equal_no_case(field.name, "content-length")) {
            if (length && *length != field.value) return malformed("two different lengths");
            length = field.value;
        }
    }
    keep_alive_ = !close;
    if (!coding.empty() && length) return malformed("both a length and a transfer coding");
    if (to_head_ || response_.status == 204 || response_.status == 304) {
        at_ = state::done;
        return ok();
    }
    if (!coding.empty()) {
        at_ = state::chunk_size;
        return ok();
    }
    if (length) return take_length(*length);
    at_ = state::until_close;
    keep_alive_ = false;
    return ok();
}

result<void> client_response_parser::take_length(std::string_view text) {
    if (text.starts_with('+') || !parse_whole(text, remaining_, 10)) return malformed("the length isn't a number");
    if (remaining_ > most_.body) return oversized("body is too large");
    response_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, 64 * 1024)));
    at_ = remaining_ == 0 ? state::done : state::length;
    return ok();
}

result<std::size_t> client_response_parser::read_sized(std::string_view bytes) {
    const auto part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size())));
    if (auto kept = append_body(part); !kept) return kept.error();
    remaining_ -= part.size();
    if (remaining_ == 0) at_ = at_ == state::length ? state::done : state::chunk_end;
    return part.size();
}

result<std::size_t> client_response_parser::read_until_close(std::string_view bytes) {
    if (auto kept = append_body(bytes); !kept) return kept.error();
    return bytes.size();
}

result<void> client_response_parser::append_body(std::string_view bytes) {
    if (bytes.size() > most_.body - body_bytes_) return oversized("body is too large");
    body_bytes_ += bytes.size();
    response_.body.append(bytes);
    return ok();
}

result<std::size_t> client_response_parser::read_line(std::string_view bytes) {
    const auto newline = bytes.find('\n');
    const auto part = bytes.substr(0, newline == bytes.npos ? bytes.size() : newline + 1);
    if (text_.size() + part.size() > longest_chunk_line) return malformed("a line of the chunked coding is too long");
    text_.append(part);
    if (newline == bytes.npos) return part.size();
    if (!text_.ends_with("\r\n")) return malformed("a line without CR");
    text_.resize(text_.size() - 2);
    if (auto taken = take_line(text_); !taken) return taken.error();
    text_.clear();
    return part.size();
}

result<void> client_response_parser::take_line(std::string_view line) {
    switch (at_) {
    case state::chunk_size:
        return take_chunk_size(line);
    case state::chunk_end:
        if (!line.empty()) return malformed("a chunk is longer than announced");
        at_ = state::chunk_size;
        return ok();
    default:
        return take_trailer(line);
    }
}

result<void> client_response_parser::take_chunk_size(std::string_view line) {
    const auto size = detail::trim(line.substr(0, std::min(line.find(';'), line.size())));
    if (size.starts_with('-') || !parse_whole(size, remaining_, 16)) return malformed("a chunk has no size");
    if (!is_field_value(line)) return malformed("a control character in a chunk's size");
    if (remaining_ > most_.body - body_bytes_) return oversized("body is too large");
    at_ = remaining_ == 0 ? state::trailer : state::chunk;
    return ok();
}

} // namespace weir::http
