// SPDX-License-Identifier: MIT
#include "http/head_parser.hpp"

#include "http/authority.hpp"
#include "http/byte_scan.hpp"
#include "http/field_syntax.hpp"
#include "http/known_field_table.hpp"
#include "http/plain_line.hpp"

#include <algorithm>
#include <cstring>

namespace weir::http {
namespace {

using detail::byte_class;
using detail::is_blank;
using detail::is_token;
using detail::next_element;

constexpr std::uint32_t longest_name = 0xffff; // head_field::name_size

std::uint64_t lower_bytes(const char* text, std::size_t size) noexcept {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text, size);
    return bytes | 0x2020202020202020U;
}

/// Whether a text without control characters is this word of letters, digits and '-' in any case.
template<std::size_t Size>
bool same_word(std::string_view text, const char (&lower_word)[Size]) noexcept {
    constexpr std::size_t size = Size - 1;
    constexpr std::size_t first = std::min<std::size_t>(size, 8);
    static_assert(size <= 16);
    if (text.size() != size || lower_bytes(text.data(), first) != lower_bytes(lower_word, first)) return false;
    if constexpr (size > 8) return lower_bytes(text.data() + size - 8, 8) == lower_bytes(lower_word + size - 8, 8);
    return true;
}

/// Parses one head; a step returns false when the verdict is in.
class head_reader {
public:
    head_reader(std::string_view bytes, const head_limits& limits, request_head& out) noexcept
        : base_(bytes.data()), at_(base_), end_(base_ + std::min<std::size_t>(bytes.size(), limits.head)),
          over_head_(bytes.size() >= limits.head),
          most_fields_(std::min<std::uint32_t>(limits.fields, max_head_fields)),
          longest_line_(std::ptrdiff_t{limits.line} + 2), head_(out) {}

    std::string_view window() const noexcept { return {base_, static_cast<std::size_t>(end_ - base_)}; }

    /// With the text, lines in their usual form take a short way; the verdict is the same without.
    head_verdict run(const detail::padded_text* text) noexcept {
        reset();
        if (!request_line(text)) return verdict_;
        over_line_ = false;
        stop_ = end_;
        while ((text == nullptr || plain_fields(*text)) && field_line()) {
        }
        return verdict_;
    }

private:
    void reset() noexcept;
    bool request_line(const detail::padded_text* text) noexcept;
    bool any_request_line() noexcept;
    bool skip_leading_line_end() noexcept;
    bool method_word() noexcept;
    bool target_text() noexcept;
    bool version() noexcept;
    bool odd_version() noexcept;
    bool target_form() noexcept;
    bool absolute_form(std::size_t scheme_size) noexcept;

    bool plain_fields(detail::padded_text text) noexcept;
    bool field_line() noexcept;
    bool field_name() noexcept;
    bool field_value(head_field& field) noexcept;
    bool line_end() noexcept;
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

    void start_request_line() noexcept {
        over_line_ = end_ - at_ >= longest_line_;
        stop_ = over_line_ ? at_ + longest_line_ : end_;
    }

    bool refuse(std::uint16_t status, const char* reason) noexcept {
        verdict_ = {head_status::refused, status, reason};
        return false;
    }

    bool bad(const char* reason) noexcept { return refuse(400, reason); }

    /// The bytes, or what the limits allow of them, end here.
    bool out_of_bytes() noexcept {
        if (over_line_) return refuse(414, "the request line is too long");
        if (over_head_) return refuse(431, "the request head is too large");
        return false;
    }

    std::uint32_t offset(const char* p) const noexcept { return static_cast<std::uint32_t>(p - base_); }

    std::string_view view(std::uint32_t at, std::uint32_t size) const noexcept { return {base_ + at, size}; }

    const char* const base_;
    const char* at_;
    const char* const end_;
    const char* stop_ = nullptr; // where this line has to end
    bool over_line_ = false;     // stop_ is the request line's limit
    bool over_head_;             // end_ is the head's limit
    bool keep_alive_named_ = false;
    bool close_named_ = false;
    bool expect_named_ = false;
    std::uint32_t most_fields_;
    std::ptrdiff_t longest_line_; // the request's, with its CRLF
    request_head& head_;
    head_verdict verdict_;
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

bool head_reader::request_line(const detail::padded_text* text) noexcept {
    const char* const next = text != nullptr ? detail::plain_request_line(*text, at_, head_) : nullptr;
    if (next == nullptr || next - at_ > longest_line_) return any_request_line();
    at_ = next;
    return true;
}

bool head_reader::any_request_line() noexcept {
    start_request_line();
    if (at_ == end_) return out_of_bytes();
    if (*at_ == '\r' && !skip_leading_line_end()) return false;
    return method_word() && target_text() && version() && target_form();
}

/// RFC 9112 section 2.2: some clients send one CRLF too many behind a body.
bool head_reader::skip_leading_line_end() noexcept {
    ++at_;
    if (!line_end()) return false;
    start_request_line();
    return true;
}

/// The LF behind a CR.
bool head_reader::line_end() noexcept {
    if (at_ == stop_) return out_of_bytes();
    if (*at_ != '\n') return bad("a CR without a LF");
    ++at_;
    return true;
}

bool head_reader::method_word() noexcept {
    const char* const start = at_;
    at_ = detail::skip_class(byte_class::token, detail::skip_name(at_, stop_), stop_);
    if (at_ == stop_) return out_of_bytes();
    if (*at_ != ' ' || at_ == start) return bad("the request line doesn't start with a method");
    head_.method_at = offset(start);
    head_.method_size = static_cast<std::uint32_t>(at_ - start);
    head_.verb = parse_method({start, head_.method_size});
    ++at_;
    return true;
}

bool head_reader::target_text() noexcept {
    const char* const start = at_;
    at_ = detail::skip_target(at_, stop_);
    const char* path_end = at_;
    while (at_ != stop_ && *at_ == '?') at_ = detail::skip_target(at_ + 1, stop_);
    if (at_ == stop_) return out_of_bytes();
    if (*at_ != ' ') return bad("the request target has a character that isn't allowed there");
    if (at_ == start) return bad("the request target is missing");
    head_.target = offset(start);
    head_.target_size = static_cast<std::uint32_t>(at_ - start);
    head_.path_size = static_cast<std::uint32_t>(path_end - start);
    ++at_;
    return true;
}

bool head_reader::version() noexcept {
    if (stop_ - at_ < 10 || std::memcmp(at_, "HTTP/1.1\r\n", 10) != 0) return odd_version();
    head_.minor_version = 1;
    at_ += 10;
    return true;
}

/// Byte by byte: another version, a part of one or none.
bool head_reader::odd_version() noexcept {
    constexpr std::string_view shape = "HTTP/d.d\r";
    const char* const start = at_;
    for (const char expected : shape) {
        if (at_ == stop_) return out_of_bytes();
        const bool digit = *at_ >= '0' && *at_ <= '9';
        if (expected == 'd' ? !digit : *at_ != expected) return bad("the request line doesn't end with a version");
        ++at_;
    }
    if (!line_end()) return false;
    if (start[5] != '1') return refuse(505, "the HTTP version isn't supported");
    head_.minor_version = start[7] == '0' ? 0 : 1;
    return true;
}

bool head_reader::target_form() noexcept {
    if (head_.verb == method::connect) return refuse(501, "CONNECT isn't supported");
    const auto target = view(head_.target, head_.target_size);
    if (target.front() == '/') return true;
    if (target == "*") return head_.verb == method::options || bad("only OPTIONS may ask for *");
    if (same_word(target.substr(0, 7), "http://")) return absolute_form(7);
    if (same_word(target.substr(0, 8), "https://")) return absolute_form(8);
    return bad("the request target is neither a path nor a URL");
}

bool head_reader::absolute_form(std::size_t scheme_size) noexcept {
    const auto scheme = static_cast<std::uint32_t>(scheme_size);
    if (head_.path_size < scheme) return bad("the request target has no host");
    const auto rest = view(head_.target + scheme, head_.path_size - scheme);
    const auto host_size = static_cast<std::uint32_t>(std::min(rest.find('/'), rest.size()));
    if (!valid_authority(rest.substr(0, host_size))) return bad("the request target's host is invalid");
    head_.authority = head_.target + scheme;
    head_.authority_size = host_size;
    head_.target += scheme + host_size;
    head_.target_size -= scheme + host_size;
    head_.path_size -= scheme + host_size;
    return true;
}

/// Takes all lines up to the first that isn't in the usual form. Works on copies: what is written through a
/// pointer to bytes might be a member for all the compiler knows.
bool head_reader::plain_fields(detail::padded_text text) noexcept {
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
        if (detail::is_pair(text, at, "\r\n")) {
            at += 2;
            stop(true);
            return complete();
        }
        if (count >= most) break;
        head_field& field = head.fields[count];
        const char* const next = detail::plain_field_line(text, at, field);
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
        if (known == known_field::host && !repeated && detail::is_plain_host(text, field))
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
    field.known = detail::find_known(line, field.name_size);
    ++at_;
    if (!field_value(field)) return false;
    ++head_.field_count;
    return field.known == known_field::none || noted(field);
}

bool head_reader::field_name() noexcept {
    const char* const start = at_;
    at_ = detail::skip_class(byte_class::token, start, stop_);
    if (at_ == stop_) return out_of_bytes();
    if (is_blank(*start)) return bad("a header line starts with a blank");
    if (is_blank(*at_)) return bad("a blank in a header name or before its colon");
    if (*at_ != ':' || at_ == start) return bad("a header line doesn't start with a name and a colon");
    return at_ - start <= longest_name || refuse(431, "a header name is too long");
}

bool head_reader::field_value(head_field& field) noexcept {
    while (at_ != stop_ && is_blank(*at_)) ++at_;
    const char* const start = at_;
    at_ = detail::skip_text(at_, stop_);
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

/// Always false: the verdict is in.
bool head_reader::complete() noexcept {
    if (head_.minor_version != 0 && head_.find(known_field::host) == nullptr) return bad("the Host header is missing");
    head_.keep_alive = !close_named_ && (head_.minor_version != 0 || keep_alive_named_);
    head_.expect_continue = expect_named_ && head_.has_body();
    head_.size = offset(at_);
    verdict_.status = head_status::complete;
    return false;
}

/// Notes a field of a known name and acts on those that decide about framing.
bool head_reader::noted(const head_field& field) noexcept {
    auto& first = head_.first_known[static_cast<std::size_t>(field.known)];
    const bool repeated = first != 0;
    if (!repeated) first = static_cast<std::uint8_t>(head_.field_count);
    if (field.known > known_field::expect) return !repeated || may_repeat(field.known);
    return meaning(field, repeated);
}

/// Of two fields that are no list, a proxy may have read the other one (RFC 9110 section 5.3).
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
            return bad("the Content-Length header is too large a number");
    }
    head_.has_content_length = true;
    head_.content_length = length;
    return true;
}

/// Only `chunked` itself is understood; RFC 9112 sections 6.1 and 6.3 tell the rest apart.
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
    if (!detail::padded_text::fits(reader.window())) return reader.run(nullptr);
    detail::padded_text::storage tail;
    const detail::padded_text text(reader.window(), tail);
    return reader.run(&text);
}

bool may_complete(std::string_view bytes, std::uint32_t& scanned) noexcept {
    const auto fresh = bytes.substr(std::min<std::size_t>(scanned, bytes.size()));
    const bool another_kib = bytes.size() / 1024 != scanned / 1024;
    scanned = static_cast<std::uint32_t>(bytes.size());
    return another_kib || fresh.find('\n') != std::string_view::npos;
}

} // namespace weir::http
