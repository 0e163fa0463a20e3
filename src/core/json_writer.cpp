// SPDX-License-Identifier: MIT
#include <weir/core/json_writer.hpp>
#include <weir/core/utf8.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace weir {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

constexpr std::uint64_t each_byte(std::uint64_t byte) { return byte * 0x0101010101010101U; }

// Has its high bit set in each byte that can't be copied as it is: controls, quote, backslash, non-ASCII.
// Bytes after the first such one may be marked wrongly; only the first is used.
std::uint64_t special_bytes(std::uint64_t word) noexcept {
    const std::uint64_t quote = word ^ each_byte('"');
    const std::uint64_t backslash = word ^ each_byte('\\');
    const std::uint64_t marks = (word - each_byte(0x20)) | (quote - each_byte(1)) | (backslash - each_byte(1)) | word;
    return marks & each_byte(0x80);
}

bool is_special(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x80 || c == '"' || c == '\\';
}

std::size_t plain_prefix(std::string_view text) noexcept {
    std::size_t at = 0;
    if constexpr (std::endian::native == std::endian::little) {
        for (; at + 8 <= text.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + at, 8);
            if (const std::uint64_t special = special_bytes(word))
                return at + static_cast<std::size_t>(std::countr_zero(special)) / 8;
        }
    }
    while (at < text.size() && !is_special(text[at])) ++at;
    return at;
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\b':
        out += "\\b";
        return;
    case '\f':
        out += "\\f";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        out.append("\\u00").append({hex[byte >> 4], hex[byte & 15]});
    }
}

// Copies a run of well-formed non-ASCII code points, or replaces one ill-formed part; returns what it took.
std::size_t append_non_ascii(std::string& out, std::string_view text) {
    std::size_t run = 0;
    utf8_step step{};
    while (run < text.size() && static_cast<unsigned char>(text[run]) >= 0x80) {
        step = next_utf8(text.substr(run));
        if (!step.valid) break;
        run += step.length;
    }
    if (run == 0) return out += replacement, step.length;
    out += text.substr(0, run);
    return run;
}

template<class Number>
void append_number(std::string& out, Number number) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

// Numbers like prices and percentages: at most three decimals and 15 digits. Decimals so short are the
// shortest that read back the same, and a division finds them several times faster than to_chars does.
bool append_short_decimal(std::string& out, double number) {
    const double magnitude = std::fabs(number);
    if (!(magnitude < 1e11) || (number == 0 && std::signbit(number))) return false;
    const auto thousandths = static_cast<std::int64_t>(magnitude * 1000 + 0.5);
    if (static_cast<double>(thousandths) / 1000 != magnitude) return false;
    if (number < 0) out += '-';
    append_number(out, thousandths / 1000);
    if (const auto rest = static_cast<int>(thousandths % 1000)) {
        const char decimals[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                                 static_cast<char>('0' + rest % 10)};
        out.append(decimals, rest % 10 != 0 ? 4 : rest % 100 != 0 ? 3 : 2);
    }
    return true;
}

template<class Number>
void append_floating(std::string& out, Number number) {
    if (!std::isfinite(number))
        out += "null";
    else if (!append_short_decimal(out, number))
        append_number(out, number);
}

} // namespace

void append_json(std::string& out, std::string_view text) {
    out += '"';
    for (;;) {
        const std::size_t plain = plain_prefix(text);
        out.append(text.data(), plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        if (static_cast<unsigned char>(text[0]) >= 0x80) {
            text.remove_prefix(append_non_ascii(out, text));
        } else {
            append_escaped(out, text[0]);
            text.remove_prefix(1);
        }
    }
    out += '"';
}

void append_json(std::string& out, double number) { append_floating(out, number); }
void append_json(std::string& out, float number) { append_floating(out, number); }
void append_json(std::string& out, std::nullptr_t) { out += "null"; }

void detail::append_json_signed(std::string& out, std::int64_t number) { append_number(out, number); }
void detail::append_json_unsigned(std::string& out, std::uint64_t number) { append_number(out, number); }

} // namespace weir
