// SPDX-License-Identifier: MIT
#include <weir/core/json_writer.hpp>
#include <weir/core/utf8.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

// The bytes that can't be copied as they are: controls, quote and backslash, and all that isn't ASCII.
constexpr auto specials = [] {
    std::array<bool, 256> special{};
    for (std::size_t byte = 0; byte < 256; ++byte)
        special[byte] = byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
    return special;
}();

#if defined(__SSE2__)
// One bit for each special byte of the 16.
unsigned special_bits(const char* text) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpgt_epi8(_mm_set1_epi8(0x20), bytes); // signed, so non-ASCII as well
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

// Of at least 16 bytes; the last 16 are looked at together, some of them for the second time.
std::size_t long_plain_prefix(std::string_view text) noexcept {
    const std::size_t last = text.size() - 16;
    for (std::size_t at = 0;; at = at + 16 < last ? at + 16 : last) {
        if (const unsigned special = special_bits(text.data() + at))
            return at + static_cast<std::size_t>(std::countr_zero(special));
        if (at == last) return text.size();
    }
}
#endif

std::size_t plain_prefix(std::string_view text) noexcept {
#if defined(__SSE2__)
    if (text.size() >= 16) return long_plain_prefix(text);
#endif
    std::size_t at = 0;
    while (at < text.size() && !specials[static_cast<unsigned char>(text[at])]) ++at;
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
    out.append(digits, static_cast<std::size_t>(end - digits));
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
