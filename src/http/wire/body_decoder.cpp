// SPDX-License-Identifier: MIT
#include "http/wire/body_decoder.hpp"

#include "http/field/byte_scan.hpp"

#include <algorithm>
#include <cstring>

namespace weir::http::detail {
namespace {

// Compared by address: these two are answered with 413, all others with 400.
constexpr char body_too_large[] = "the request body is too large";
constexpr char overhead_too_large[] = "the chunked body's extensions and trailers are too large";

constexpr const char* bad_size = "a chunk's size is invalid";
constexpr const char* bad_extension = "a chunk's extension is invalid";
constexpr const char* bad_trailer = "a trailer line is invalid";
constexpr const char* bad_line_end = "a line of the chunked body doesn't end with CRLF";

std::uint16_t status_of(const char* reason) noexcept {
    return reason == body_too_large || reason == overhead_too_large ? 413 : 400;
}

} // namespace

chunk_verdict chunked_decoder::feed(std::span<char> data) {
    chunk_verdict verdict;
    while (verdict.consumed != data.size() && state_ != state::done) {
        if (state_ == state::data) {
            data_bytes(verdict, data);
            continue;
        }
        const char* const reason = step(data[verdict.consumed++]);
        if (reason == nullptr) continue;
        verdict.status = chunk_status::refused;
        verdict.http_status = status_of(reason);
        verdict.reason = reason;
        return verdict;
    }
    if (state_ == state::done) verdict.status = chunk_status::done;
    return verdict;
}

void chunked_decoder::data_bytes(chunk_verdict& verdict, std::span<char> data) noexcept {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size() - verdict.consumed));
    std::memmove(data.data() + verdict.produced, data.data() + verdict.consumed, size);
    verdict.consumed += size;
    verdict.produced += size;
    total_ += size;
    left_ -= size;
    if (left_ == 0) state_ = state::data_cr;
}

/// Processes one byte outside the data; returns the reason for a refusal or null.
const char* chunked_decoder::step(char c) {
    switch (state_) {
    case state::size_start:
    case state::size:
        return size_digit(c);
    case state::size_lf:
        return c == '\n' ? size_line_end() : bad_line_end;
    case state::data_cr:
        return expect(c, '\r', state::data_lf);
    case state::data_lf:
        return expect(c, '\n', state::size_start);
    case state::trailer_start:
    case state::trailer_name:
    case state::trailer_value:
        return trailer(c);
    case state::trailer_lf:
        return end_trailer(c);
    case state::last_lf:
        return expect(c, '\n', state::done);
    default:
        return extension(c);
    }
}

const char* chunked_decoder::size_digit(char c) noexcept {
    const int value = hex_value(c);
    if (value == not_hex) return state_ == state::size ? size_end(c) : bad_size;
    const bool leading_zero = state_ == state::size && left_ == 0;
    if (left_ >> 60 != 0) return bad_size;
    left_ = left_ << 4 | static_cast<unsigned>(value);
    state_ = state::size;
    return leading_zero ? overhead() : nullptr;
}

const char* chunked_decoder::size_end(char c) noexcept {
    if (c == '\r') return go(state::size_lf);
    state_ = state::extension_blank;
    return c == ';' || is_blank(c) ? extension(c) : bad_size;
}

const char* chunked_decoder::size_line_end() noexcept {
    if (left_ > limits_.body - std::min(total_, limits_.body)) return body_too_large;
    return go(left_ == 0 ? state::trailer_start : state::data);
}

/// RFC 9112 section 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
const char* chunked_decoder::extension(char c) noexcept {
    if (const char* const reason = overhead()) return reason;
    const bool token = is(byte_class::token, c);
    switch (state_) {
    case state::extension_blank:
        if (is_blank(c)) return nullptr;
        return c == ';' ? go(state::extension_start) : bad_extension;
    case state::extension_start:
        if (is_blank(c)) return nullptr;
        return token ? go(state::extension_name) : bad_extension;
    case state::extension_name:
        if (token) return nullptr;
        if (c == '=') return go(state::extension_value_start);
        return is_blank(c) ? go(state::extension_name_blank) : extension_end(c);
    case state::extension_name_blank:
        if (is_blank(c)) return nullptr;
        if (c == '=') return go(state::extension_value_start);
        return c == ';' ? go(state::extension_start) : bad_extension;
    default:
        return extension_value(c);
    }
}

const char* chunked_decoder::extension_value(char c) noexcept {
    const bool token = is(byte_class::token, c);
    switch (state_) {
    case state::extension_value_start:
        if (is_blank(c)) return nullptr;
        if (c == '"') return go(state::extension_quoted);
        return token ? go(state::extension_value) : bad_extension;
    case state::extension_value:
        return token ? nullptr : extension_end(c);
    case state::extension_quoted:
        if (c == '"') return go(state::extension_quoted_end);
        if (c == '\\') return go(state::extension_quoted_pair);
        return is(byte_class::text, c) ? nullptr : bad_extension;
    case state::extension_quoted_pair:
        return is(byte_class::text, c) ? go(state::extension_quoted) : bad_extension;
    default:
        return extension_end(c);
    }
}

const char* chunked_decoder::extension_end(char c) noexcept {
    if (c == '\r') return go(state::size_lf);
    if (c == ';') return go(state::extension_start);
    return is_blank(c) ? go(state::extension_blank) : bad_extension;
}

const char* chunked_decoder::trailer(char c) {
    if (state_ == state::trailer_start && c == '\r') return go(state::last_lf);
    if (const char* const reason = overhead()) return reason;
    if (c != '\r') trailers_ += c;
    if (state_ == state::trailer_value) {
        if (c == '\r') return go(state::trailer_lf);
        return is(byte_class::text, c) ? nullptr : bad_trailer;
    }
    if (is(byte_class::token, c)) return go(state::trailer_name);
    return state_ == state::trailer_name && c == ':' ? go(state::trailer_value) : bad_trailer;
}

const char* chunked_decoder::end_trailer(char c) {
    trailers_ += '\n';
    return expect(c, '\n', state::trailer_start);
}

const char* chunked_decoder::expect(char c, char expected, state next) noexcept {
    return c == expected ? go(next) : bad_line_end;
}

/// Counts one byte without content for the application.
const char* chunked_decoder::overhead() noexcept {
    return ++overhead_ > limits_.overhead ? overhead_too_large : nullptr;
}

const char* chunked_decoder::go(state next) noexcept {
    state_ = next;
    return nullptr;
}

} // namespace weir::http::detail
