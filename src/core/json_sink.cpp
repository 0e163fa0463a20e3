// SPDX-License-Identifier: MIT
#include "core/byte_block.hpp"
#include <weir/core/json_sink.hpp>
#include <weir/core/utf8.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace weir::detail {

namespace {

constexpr std::size_t block = 16;
constexpr std::size_t longest_special = 6; // \u001f

#ifdef WEIR_SCAN_SSE2

// Returns a bit for each byte that can't be copied unchanged: controls, quote, backslash, and all non-ASCII bytes.
unsigned special_bits(__m128i bytes) noexcept {
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpgt_epi8(_mm_set1_epi8(0x20), bytes); // signed comparison, so it includes non-ASCII
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

std::size_t copy_short(char* to, std::string_view text) noexcept {
    const __m128i bytes = load_rest(text.data(), text.size());
    store_16(to, bytes);
    const auto behind = std::size_t{1} << text.size();
    return static_cast<std::size_t>(std::countr_zero(special_bits(bytes) | behind));
}

// Copies the text up to the first special byte, plus whatever follows within the block; returns how many bytes were
// plain. The final 16 bytes are handled as one block, which may overlap the previous one.
std::size_t copy_plain(char* to, std::string_view text) noexcept {
    if (text.size() < block) return copy_short(to, text);
    const std::size_t last = text.size() - block;
    for (std::size_t at = 0;; at = at + block < last ? at + block : last) {
        const __m128i bytes = load_16(text.data() + at);
        store_16(to + at, bytes);
        if (const unsigned special = special_bits(bytes))
            return at + static_cast<std::size_t>(std::countr_zero(special));
        if (at == last) return text.size();
    }
}

#else

std::size_t copy_plain(char* to, std::string_view text) noexcept {
    const auto is_plain = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
    };
    std::size_t at = 0;
    for (; at < text.size() && is_plain(text[at]); ++at) to[at] = text[at];
    return at;
}

#endif

char* put_text(char* at, std::string_view text) noexcept { return std::copy(text.begin(), text.end(), at); }

char* put_escaped(char* at, char c) noexcept {
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::string_view escapable = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    *at++ = '\\';
    if (const auto which = escapable.find(c); which != escapable.npos) {
        *at++ = letters[which];
        return at;
    }
    const auto byte = static_cast<unsigned char>(c);
    at = put_text(at, "u00");
    *at++ = hex[byte >> 4];
    *at++ = hex[byte & 15];
    return at;
}

// Returns the length of a run of well-formed non-ASCII code points.
std::size_t non_ascii_run(std::string_view text) noexcept {
    std::size_t run = 0;
    while (run < text.size() && static_cast<unsigned char>(text[run]) >= 0x80) {
        const utf8_step step = next_utf8(text.substr(run));
        if (!step.valid) break;
        run += step.length;
    }
    return run;
}

constexpr auto digit_pairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

constexpr auto powers_of_ten = [] {
    std::array<std::uint64_t, 20> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

// 1233 / 4096 approximates log10(2), closely enough for 64 bits.
std::size_t digits_of(std::uint64_t number) noexcept {
    const auto least = static_cast<std::size_t>(std::bit_width(number | 1) * 1233 >> 12);
    return least + (number >= powers_of_ten[least] ? 1 : 0) + (number == 0 ? 1 : 0);
}

// Writes two digits at a time, starting with the last.
char* put_digits(char* at, std::uint64_t number) noexcept {
    char* const end = at + digits_of(number);
    char* p = end;
    for (; number >= 100; number /= 100) std::memcpy(p -= 2, &digit_pairs[number % 100 * 2], 2);
    if (number >= 10)
        std::memcpy(at, &digit_pairs[number * 2], 2);
    else
        *at = static_cast<char>('0' + number);
    return end;
}

// Handles numbers like prices and percentages: at most three decimals, and no more digits than the type always
// preserves. Such decimals are the shortest that read back the same, and a division finds them several times faster
// than to_chars.
template<class Number>
char* put_short_decimal(char* at, Number number) noexcept {
    constexpr double limit = std::numeric_limits<Number>::digits10 < 15 ? 1e3 : 1e11;
    const double magnitude = std::fabs(number);
    if (!(magnitude < limit) || (number == 0 && std::signbit(number))) return nullptr;
    // if it rounds wrongly, the next line rejects the number
    const auto thousandths = static_cast<std::uint64_t>(magnitude * 1000 + 0.5);
    if (static_cast<Number>(static_cast<double>(thousandths) / 1000) != std::fabs(number)) return nullptr;
    if (number < 0) *at++ = '-';
    at = put_digits(at, thousandths / 1000);
    const auto rest = static_cast<int>(thousandths % 1000);
    if (rest == 0) return at;
    const char decimals[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                             static_cast<char>('0' + rest % 10)};
    return put_text(at, {decimals, rest % 10 != 0 ? 4U : rest % 100 != 0 ? 3U : 2U});
}

template<class Number>
char* put_floating(char* at, Number number) noexcept {
    if (!std::isfinite(number)) return put_text(at, "null");
    char* const end = put_short_decimal(at, number);
    return end != nullptr ? end : std::to_chars(at, at + json_sink::number_size, number).ptr;
}

} // namespace

// Doubles the size, so that a long document is copied few times; claims existing capacity in larger steps.
void json_sink::grow(std::size_t bytes) {
    const auto used = static_cast<std::size_t>(at_ - out_.data());
    const bool fits = used + bytes <= out_.capacity();
    std::size_t wanted = used + bytes + std::max<std::size_t>(used, fits ? 512 : 128);
    if (fits) wanted = std::min(wanted, out_.capacity());
    out_.resize(wanted);
    at_ = out_.data() + used;
    end_ = out_.data() + wanted;
}

void json_sink::text(std::string_view text) {
    need(text.size() + block + 2);
    put('"');
    for (;;) {
        const std::size_t plain = copy_plain(at_, text);
        at_ += plain;
        text.remove_prefix(plain);
        if (text.empty()) break;
        need(text.size() + longest_special + block + 1);
        put_special(text);
    }
    put('"');
}

void json_sink::key(std::string_view name) {
    need(name.size() + 4);
    at_ = put_text(at_, ",\"");
    at_ = put_text(at_, name);
    at_ = put_text(at_, "\":");
}

// Consumes a run of non-ASCII text, an ill-formed part at the start, or one character that needs escaping.
void json_sink::put_special(std::string_view& text) noexcept {
    std::size_t taken = 1;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
        at_ = put_escaped(at_, text[0]);
    } else if (taken = non_ascii_run(text); taken != 0) {
        at_ = put_text(at_, text.substr(0, taken));
    } else {
        taken = next_utf8(text).length;
        at_ = put_text(at_, "\xEF\xBF\xBD"); // U+FFFD
    }
    text.remove_prefix(taken);
}

void json_sink::raw(std::string_view json) {
    need(json.size());
    at_ = put_text(at_, json);
}

void json_sink::put_bool(bool truth) noexcept { at_ = put_text(at_, truth ? "true" : "false"); }

void json_sink::put_unsigned(std::uint64_t number) noexcept { at_ = put_digits(at_, number); }

void json_sink::put_signed(std::int64_t number) noexcept {
    const auto bits = static_cast<std::uint64_t>(number);
    if (number < 0) put('-');
    at_ = put_digits(at_, number < 0 ? 0 - bits : bits);
}

void json_sink::put_number(double number) noexcept { at_ = put_floating(at_, number); }
void json_sink::put_number(float number) noexcept { at_ = put_floating(at_, number); }

void close_text(std::string& out, std::size_t from) {
    const auto stands_for_itself = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (std::all_of(out.begin() + static_cast<std::ptrdiff_t>(from) + 1, out.end(), stands_for_itself)) {
        out += '"';
        return;
    }
    const std::string text = out.substr(from + 1);
    out.resize(from);
    json_sink(out).text(text);
}

} // namespace weir::detail
