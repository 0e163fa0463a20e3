// SPDX-License-Identifier: MIT
#include <weir/core/utf8.hpp>

#include <cstring>

namespace weir {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080U;

// What must follow a lead byte: the number of bytes, and the range of the first one.
struct expectation {
    std::uint8_t more = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
};

expectation after(std::uint8_t lead) noexcept {
    if (lead >= 0xC2 && lead <= 0xDF) return {1};
    if (lead == 0xE0) return {2, 0xA0, 0xBF};
    if (lead == 0xED) return {2, 0x80, 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF) return {2};
    if (lead == 0xF0) return {3, 0x90, 0xBF};
    if (lead >= 0xF1 && lead <= 0xF3) return {3};
    if (lead == 0xF4) return {3, 0x80, 0x8F};
    return {};
}

bool has_high_bit(const char* eight) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, eight, 8);
    return (word & high_bits) != 0;
}

bool has_high_bit_in_32(const char* bytes) noexcept {
    std::uint64_t words[4];
    std::memcpy(words, bytes, sizeof words);
    return ((words[0] | words[1] | words[2] | words[3]) & high_bits) != 0;
}

std::size_t ascii_prefix(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at + 32 <= text.size() && !has_high_bit_in_32(text.data() + at)) at += 32;
    while (at + 8 <= text.size() && !has_high_bit(text.data() + at)) at += 8;
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
    return at;
}

} // namespace

utf8_step next_utf8(std::string_view text) noexcept {
    const auto lead = static_cast<std::uint8_t>(text[0]);
    if (lead < 0x80) return {1, true};
    auto [more, low, high] = after(lead);
    if (more == 0) return {1, false};
    for (std::uint8_t i = 1; i <= more; ++i) {
        if (i >= text.size()) return {i, false};
        const auto byte = static_cast<std::uint8_t>(text[i]);
        if (byte < low || byte > high) return {i, false};
        low = 0x80;
        high = 0xBF;
    }
    return {static_cast<std::uint8_t>(more + 1), true};
}

bool is_ascii(std::string_view text) noexcept { return ascii_prefix(text) == text.size(); }

bool is_utf8(std::string_view text) noexcept {
    for (;;) {
        text.remove_prefix(ascii_prefix(text));
        if (text.empty()) return true;
        const utf8_step step = next_utf8(text);
        if (!step.valid) return false;
        text.remove_prefix(step.length);
    }
}

std::size_t utf8_length(std::string_view text) noexcept {
    std::size_t count = 0;
    for (;;) {
        const std::size_t plain = ascii_prefix(text);
        count += plain;
        text.remove_prefix(plain);
        if (text.empty()) return count;
        text.remove_prefix(next_utf8(text).length);
        ++count;
    }
}

} // namespace weir
