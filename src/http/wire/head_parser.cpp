// SPDX-License-Identifier: MIT
#include "http/wire/head_parser.hpp"

#include "http/field/authority.hpp"
#include "http/field/byte_scan.hpp"
#include "http/field/field_syntax.hpp"
#include "http/field/known_field_table.hpp"
#include "http/wire/head_fast_path.hpp"
#include "http/wire/request_line_reader.hpp"
#include "http/wire/same_word.hpp"

#include <algorithm>
#include <cstring>

namespace weir::http::detail {
namespace {

constexpr std::uint32_t longest_name = 0xffff; // head_field::name_size

/// Parses one head; a step returns false once the verdict is known.
class head_reader final : request_line_reader {
public:
    head_reader(std::string_view bytes, const head_limits& limits, request_head& out) noexcept
        : request_line_reader(bytes, limits, out),
          most_fields_(std::min<std::uint32_t>(limits.fields, max_head_fields)) {}

    using request_line_reader::window;

    /// With a padded text, lines in their usual form take the fast path; the verdict is the same without it.
    head_verdict run(const padded_text* text) noexcept {
        reset();
        if (!request_line(text)) return verdict_;
        over_line_ = false;
        stop_ = end_;
        while ((text == nullptr || fast_field_lines(*text)) && field_line()) {
        }
        return verdict_;
    }

private:
    void reset() noexcept;
    bool request_line(const padded_text* text) noexcept;

    bool fast_field_lines(padded_text text) noexcept;
    bool field_line() noexcept;
    bool field_name() noexcept;
    bool field_value(head_field& field) noexcept;
    bool blank_line() noexcept;
    bool complete() noexcept;

    bool noted(const head_field& field) noexcept;
    bool may_repeat(known_field known) noexcept;
    bool meaning(const head_field& field, bool repeated) noexcept;
    bool host(const head_field& field) noexcept;
    void take_host(const head_field& field) noexcept;
    bool content_length(std::string_view value) noexcept;
    bool transfer_encoding(std::string_view value) noexcept;
    bool connection(std::string_view value) noexcept;
    bool expect(std::string_view value) noexcept;

    bool keep_alive_named_ = false;
    bool close_named_ = false;
    bool expect_named_ = false;
    const std::uint32_t most_fields_;
};

void head_reader::reset() noexcept {
    head_.has_content_length = false;
    head_.chunked = false;
    head_.upgrade = false;
    head_.plain_path = false;
    head_.field_count = 0;
    head_.content_length = 0;
    head_.authority_size = 0;
    head_.first_known.fill(0);
}

bool head_reader::request_line(const padded_text* text) noexcept {
    const char* const next = text != nullptr ? fast_request_line(*text, at_, head_) : nullptr;
    if (next == nullptr || next - at_ > longest_line_) return any_request_line();
    at_ = next;
    return true;
}

/// Consumes all lines up to the first that isn't in the usual form. Works on local copies: to the compiler, a write
/// through a pointer to bytes could change any member.
bool head_reader::fast_field_lines(padded_text text) noexcept {
    const char* at = at_;
    request_head& head = head_;
    std::uint32_t count = head.field_count;
    const auto most = most_fields_;
    const auto stop = [&](bool result) {
        at_ = at;
        head.field_count = static_cast<std::uint16_t>(count);
        return result;
    };
    for (;;) {
        if (is_pair(text, at, "\r\n")) {
            at += 2;
            stop(true);
            return complete();
        }
        if (count >= most) break;
        head_field& field = head.fields[count];
        const char* const next = fast_field_line(text, at, field);
        if (next == nullptr) break;
        at = next;
        ++count;
        const auto known = field.known;
        if (known == known_field::none) continue;
        auto& first = head.first_known[static_cast<std::size_t>(known)];
        const bool repeated = first != 0;
        if (!repeated) first = static_cast<std::uint8_t>(count);
        if (known > known_field::expect) {
            if (repeated && !may_repeat(known)) return stop(false);
            continue;
        }
        if (known == known_field::host && !repeated && is_plain_host(text, field))
            take_host(field);
        else if (!meaning(field, repeated))
            return stop(false);
    }
    return stop(true);
}

bool head_reader::field_line() noexcept {
    if (at_ == stop_) return out_of_bytes();
    if (*at_ == '\r') return blank_line();
    if (head_.field_count == most_fields_) return refuse(431, "there are too many header fields");
    head_field& field = head_.fields[head_.field_count];
    const char* const line = at_;
    if (!field_name()) return false;
    field.name = offset(line);
    field.name_size = static_cast<std::uint16_t>(at_ - line);
    field.known = find_known(line, field.name_size);
    ++at_;
    if (!field_value(field)) return false;
    ++head_.field_count;
    return field.known == known_field::none || noted(field);
}

bool head_reader::field_name() noexcept {
    const char* const start = at_;
    at_ = skip_class(byte_class::token, start, stop_);
    if (at_ == stop_) return out_of_bytes();
    if (is_blank(*start)) return bad("a header line starts with a blank");
    if (is_blank(*at_)) return bad("a blank in a header name or before its colon");
    if (*at_ != ':' || at_ == start) return bad("a header line doesn't start with a name and a colon");
    return at_ - start <= longest_name || refuse(431, "a header name is too long");
}

bool head_reader::field_value(head_field& field) noexcept {
    while (at_ != stop_ && is_blank(*at_)) ++at_;
    const char* const start = at_;
    at_ = skip_text(at_, stop_);
    if (at_ == stop_) return out_of_bytes();
    if (*at_ != '\r') return bad("a header value has a character that isn't allowed there");
    const char* last = at_;
    while (last != start && is_blank(last[-1])) --last;
    ++at_;
    field.value = offset(start);
    field.value_size = static_cast<std::uint32_t>(last - start);
    return line_end();
}

bool head_reader::blank_line() noexcept {
    ++at_;
    return line_end() && complete();
}

/// Always returns false: the verdict is known.
bool head_reader::complete() noexcept {
    if (head_.minor_version != 0 && head_.find(known_field::host) == nullptr) return bad("the Host header is missing");
    head_.keep_alive = !close_named_ && (head_.minor_version != 0 || keep_alive_named_);
    head_.expect_continue = expect_named_ && head_.has_body();
    head_.size = offset(at_);
    verdict_.status = head_status::complete;
    return false;
}

/// Records a field with a known name and handles those that affect framing.
bool head_reader::noted(const head_field& field) noexcept {
    auto& first = head_.first_known[static_cast<std::size_t>(field.known)];
    const bool repeated = first != 0;
    if (!repeated) first = static_cast<std::uint8_t>(head_.field_count);
    if (field.known > known_field::expect) return !repeated || may_repeat(field.known);
    return meaning(field, repeated);
}

/// If a non-list field is repeated, a proxy may have used the other one (RFC 9110 section 5.3).
bool head_reader::may_repeat(known_field known) noexcept {
    if (known == known_field::content_type) return bad("there is more than one Content-Type header");
    if (known == known_field::authorization) return bad("there is more than one Authorization header");
    return true;
}

bool head_reader::meaning(const head_field& field, bool repeated) noexcept {
    const auto value = view(field.value, field.value_size);
    switch (field.known) {
    case known_field::host:
        return repeated ? bad("there is more than one Host header") : host(field);
    case known_field::content_length:
        return repeated ? bad("there is more than one Content-Length header") : content_length(value);
    case known_field::transfer_encoding:
        return repeated ? bad("there is more than one Transfer-Encoding header") : transfer_encoding(value);
    case known_field::connection:
        return connection(value);
    default:
        return expect(value);
    }
}

bool head_reader::host(const head_field& field) noexcept {
    if (!valid_authority(view(field.value, field.value_size))) return bad("the Host header is invalid");
    take_host(field);
    return true;
}

void head_reader::take_host(const head_field& field) noexcept {
    if (head_.authority_size != 0) return; // RFC 9112 section 3.2.2: the target's own host wins
    head_.authority = field.value;
    head_.authority_size = field.value_size;
}

bool head_reader::content_length(std::string_view value) noexcept {
    if (head_.chunked) return bad("both Transfer-Encoding and Content-Length are given");
    if (value.empty()) return bad("the Content-Length header is invalid");
    std::uint64_t length = 0;
    for (const char c : value) {
        const auto digit = static_cast<unsigned>(c) - unsigned{'0'};
        if (digit > 9) return bad("the Content-Length header is invalid");
        if (__builtin_mul_overflow(length, 10U, &length) || __builtin_add_overflow(length, digit, &length))
            return bad("the Content-Length header is too large");
    }
    head_.has_content_length = true;
    head_.content_length = length;
    return true;
}

/// Only `chunked` itself is supported; RFC 9112 sections 6.1 and 6.3 distinguish the other cases.
bool head_reader::transfer_encoding(std::string_view value) noexcept {
    if (head_.minor_version == 0) return bad("Transfer-Encoding in HTTP/1.0");
    if (head_.has_content_length) return bad("both Transfer-Encoding and Content-Length are given");
    head_.chunked = same_word(value, "chunked");
    if (head_.chunked) return true;
    bool last_is_chunked = false;
    while (!value.empty()) {
        const auto coding = next_element(value);
        if (last_is_chunked || !is_token(coding)) return bad("the Transfer-Encoding header is invalid");
        last_is_chunked = same_word(coding, "chunked");
    }
    if (!last_is_chunked) return bad("the Transfer-Encoding header doesn't end with chunked");
    return refuse(501, "only the transfer coding chunked is supported");
}

bool head_reader::connection(std::string_view value) noexcept {
    if (same_word(value, "keep-alive")) return keep_alive_named_ = true;
    do {
        const auto option = next_element(value);
        if (same_word(option, "keep-alive"))
            keep_alive_named_ = true;
        else if (same_word(option, "close"))
            close_named_ = true;
        else if (same_word(option, "upgrade"))
            head_.upgrade = true;
        else if (!option.empty() && !is_token(option))
            return bad("the Connection header is invalid");
    } while (!value.empty());
    return true;
}

bool head_reader::expect(std::string_view value) noexcept {
    if (head_.minor_version == 0) return true;
    expect_named_ = same_word(value, "100-continue");
    return expect_named_ || refuse(417, "only the expectation 100-continue is supported");
}

} // namespace

head_verdict parse_head(std::string_view bytes, const head_limits& limits, request_head& out) noexcept {
    head_reader reader(bytes, limits, out);
    if (!padded_text::fits(reader.window())) return reader.run(nullptr);
    padded_text::storage tail;
    const padded_text text(reader.window(), tail);
    return reader.run(&text);
}

bool may_complete(std::string_view bytes, std::uint32_t& scanned) noexcept {
    const auto fresh = bytes.substr(std::min<std::size_t>(scanned, bytes.size()));
    const bool another_kib = bytes.size() / 1024 != scanned / 1024;
    scanned = static_cast<std::uint32_t>(bytes.size());
    return another_kib || fresh.find('\n') != std::string_view::npos;
}

} // namespace weir::http::detail
