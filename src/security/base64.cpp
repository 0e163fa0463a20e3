// SPDX-License-Identifier: MIT
#include <weir/security/crypto.hpp>

namespace weir::security {

namespace {

constexpr std::uint8_t foreign = 0xff;

// One base64 alphabet: its 64 characters and the reverse mapping.
struct alphabet {
    std::string_view characters;
    std::array<std::uint8_t, 256> values{};

    constexpr explicit alphabet(std::string_view all) : characters(all) {
        values.fill(foreign);
        for (std::size_t i = 0; i < all.size(); ++i)
            values[static_cast<unsigned char>(all[i])] = static_cast<std::uint8_t>(i);
    }

    constexpr std::uint32_t value(char c) const { return values[static_cast<unsigned char>(c)]; }
    constexpr char character(std::uint32_t bits) const { return characters[bits & 0x3f]; }
};

constexpr alphabet standard("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
constexpr alphabet url_safe("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

constexpr std::uint32_t octet(char c) { return static_cast<unsigned char>(c); }

std::string encode(const alphabet& letters, std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t at = 0;
    for (; at + 3 <= bytes.size(); at += 3) {
        const std::uint32_t three = octet(bytes[at]) << 16 | octet(bytes[at + 1]) << 8 | octet(bytes[at + 2]);
        for (const int shift : {18, 12, 6, 0}) text += letters.character(three >> shift);
    }
    const std::size_t left = bytes.size() - at;
    if (left == 0) return text;
    const std::uint32_t last = octet(bytes[at]) << 16 | (left == 2 ? octet(bytes[at + 1]) << 8 : 0);
    text += letters.character(last >> 18);
    text += letters.character(last >> 12);
    if (left == 2) text += letters.character(last >> 6);
    return text;
}

error malformed(const char* why) { return {errc::invalid_argument, why}; }

result<std::string> decode(const alphabet& letters, std::string_view text) {
    if (text.size() % 4 == 1) return malformed("invalid base64 length");
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::uint32_t value = letters.value(c);
        if (value == foreign) return malformed("invalid base64 character");
        pending = pending << 6 | value;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(pending >> bits & 0xff);
    }
    if (pending & ((1u << bits) - 1)) return malformed("nonzero bits after the last base64 byte");
    return bytes;
}

} // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text = encode(standard, bytes);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

result<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return malformed("missing base64 padding");
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    return decode(standard, text);
}

std::string base64url_encode(std::string_view bytes) { return encode(url_safe, bytes); }

result<std::string> base64url_decode(std::string_view text) { return decode(url_safe, text); }

std::string hex_encode(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        text += digits[octet(c) >> 4];
        text += digits[octet(c) & 0xf];
    }
    return text;
}

} // namespace weir::security
