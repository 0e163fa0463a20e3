// SPDX-License-Identifier: MIT
#include "http/field/percent.hpp"

#include "http/field/byte_scan.hpp"
#include <weir/core/utf8.hpp>

#include <algorithm>
#include <array>

namespace weir::http::detail {
namespace {

/// Decodes the three-character escape at `at`; negative if it isn't one.
int escaped_byte(std::string_view raw, std::size_t at) noexcept {
    if (raw.size() - at < 3) return not_hex;
    const int high = hex_value(raw[at + 1]);
    const int low = hex_value(raw[at + 2]);
    return high < 0 || low < 0 ? not_hex : high * 16 + low;
}

percent_verdict append_decoded(std::string_view raw, std::string& out) {
    for (std::size_t at = 0; at < raw.size(); ++at) {
        if (raw[at] != '%') {
            out += raw[at];
            continue;
        }
        const int byte = escaped_byte(raw, at);
        if (byte < 0) return percent_verdict::bad_escape;
        if (byte == 0) return percent_verdict::encoded_nul;
        out += static_cast<char>(byte);
        at += 2;
    }
    return percent_verdict::ok;
}

percent_verdict decode(std::string_view raw, std::string& out) {
    const auto before = out.size();
    auto verdict = append_decoded(raw, out);
    if (verdict == percent_verdict::ok && !is_utf8(std::string_view(out).substr(before)))
        verdict = percent_verdict::bad_utf8;
    if (verdict != percent_verdict::ok) out.resize(before);
    return verdict;
}

/// Whether a segment is "." or "..", with any of the dots encoded.
bool is_dot_segment(std::string_view raw) noexcept {
    std::size_t dots = 0;
    for (; !raw.empty(); ++dots) {
        const bool encoded = raw.front() == '%' && escaped_byte(raw, 0) == '.';
        if (raw.front() != '.' && !encoded) return false;
        raw.remove_prefix(encoded ? 3 : 1);
    }
    return dots == 1 || dots == 2;
}

/// Decodes one code point at a time into a few bytes, since the path is checked before memory is allocated for it.
percent_verdict check_encoding(std::string_view raw) noexcept {
    std::array<char, 4> pending{};
    std::size_t held = 0;
    for (std::size_t at = 0; at < raw.size() || held != 0;) {
        while (held < pending.size() && at < raw.size()) {
            const int byte = raw[at] == '%' ? escaped_byte(raw, at) : static_cast<unsigned char>(raw[at]);
            if (byte < 0) return percent_verdict::bad_escape;
            if (byte == 0) return percent_verdict::encoded_nul;
            at += raw[at] == '%' ? 3 : 1;
            pending[held++] = static_cast<char>(byte);
        }
        const auto step = next_utf8({pending.data(), held});
        if (!step.valid) return percent_verdict::bad_utf8;
        std::copy(pending.begin() + step.length, pending.end(), pending.begin());
        held -= step.length;
    }
    return percent_verdict::ok;
}

/// An encoded slash separates segments here: code that decodes a wildcard parameter and uses it as a file name would
/// also be led upwards by "..%2f".
bool has_dot_segment(std::string_view raw_path) noexcept {
    std::size_t start = 0;
    for (std::size_t at = 0; at <= raw_path.size();) {
        const bool end = at == raw_path.size();
        const bool encoded = !end && raw_path[at] == '%' && escaped_byte(raw_path, at) == '/';
        if (!end && !encoded && raw_path[at] != '/') {
            ++at;
            continue;
        }
        if (is_dot_segment(raw_path.substr(start, at - start))) return true;
        at += encoded ? 3 : 1;
        start = at;
    }
    return false;
}

} // namespace

const char* reason(percent_verdict verdict) noexcept {
    switch (verdict) {
    case percent_verdict::bad_escape:
        return "a percent-escape in the URL is invalid";
    case percent_verdict::encoded_nul:
        return "an encoded NUL in the URL";
    case percent_verdict::bad_utf8:
        return "the URL isn't UTF-8";
    case percent_verdict::dot_segment:
        return "a dot segment in the path";
    default:
        return "";
    }
}

percent_verdict check_path(std::string_view raw_path) noexcept {
    const char* const end = raw_path.data() + raw_path.size();
    if (skip_plain(raw_path.data(), end) == end) return percent_verdict::ok;
    const auto verdict = check_encoding(raw_path);
    if (verdict != percent_verdict::ok) return verdict;
    return has_dot_segment(raw_path) ? percent_verdict::dot_segment : percent_verdict::ok;
}

percent_verdict decode_segment(std::string_view raw, std::string& out) { return decode(raw, out); }

std::size_t decode_segment(std::string_view raw, std::span<char> out) noexcept {
    std::size_t size = 0;
    for (std::size_t at = 0; at < raw.size(); ++size) {
        const int byte = raw[at] == '%' ? escaped_byte(raw, at) : static_cast<unsigned char>(raw[at]);
        if (byte < 0 || size == out.size()) return 0;
        out[size] = static_cast<char>(byte);
        at += raw[at] == '%' ? 3 : 1;
    }
    return size;
}

percent_verdict decode_query(std::string_view raw, std::string& out) {
    const auto before = out.size();
    // a literal '+' becomes a space, an escaped one stays
    for (;;) {
        const auto plus = std::min(raw.find('+'), raw.size());
        const auto verdict = append_decoded(raw.substr(0, plus), out);
        if (verdict != percent_verdict::ok) {
            out.resize(before);
            return verdict;
        }
        if (plus == raw.size()) break;
        out += ' ';
        raw.remove_prefix(plus + 1);
    }
    if (is_utf8(std::string_view(out).substr(before))) return percent_verdict::ok;
    out.resize(before);
    return percent_verdict::bad_utf8;
}

query_pairs::query_pairs(std::string_view query, std::string& scratch) : rest_(query), scratch_(scratch) {
    if (query.find_first_of("%+") != std::string_view::npos) scratch.reserve(scratch.size() + query.size());
}

bool query_pairs::next() {
    std::string_view piece;
    while (piece.empty()) {
        if (rest_.empty() || verdict_ != percent_verdict::ok) return false;
        const auto end = std::min(rest_.find('&'), rest_.size());
        piece = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
    }
    const auto equals = std::min(piece.find('='), piece.size());
    pair_.key = decoded(piece.substr(0, equals));
    pair_.value = decoded(piece.substr(std::min(equals + 1, piece.size())));
    return verdict_ == percent_verdict::ok;
}

std::string_view query_pairs::decoded(std::string_view raw) {
    if (verdict_ != percent_verdict::ok) return {};
    if (raw.find_first_of("%+") == std::string_view::npos) {
        if (!is_utf8(raw)) verdict_ = percent_verdict::bad_utf8;
        return raw;
    }
    const auto before = scratch_.size();
    verdict_ = decode_query(raw, scratch_);
    return std::string_view(scratch_).substr(before);
}

void append_escape(char byte, std::string& out) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto value = static_cast<unsigned char>(byte);
    out += '%';
    out += digits[value >> 4];
    out += digits[value & 15];
}

void percent_encode(std::string_view text, std::string& out) {
    for (const char c : text) {
        if (is(byte_class::unreserved, c))
            out += c;
        else
            append_escape(c, out);
    }
}

} // namespace weir::http::detail
