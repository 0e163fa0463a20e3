// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/byte_scan.hpp"
#include "http/field/known_field.hpp"

#include <array>

namespace weir::http::detail {

/// A lower-case name with room for two 16-byte loads.
struct known_name {
    std::array<char, 32> text{};
    std::uint8_t size = 0;

    constexpr known_name() noexcept = default;

    constexpr known_name(std::string_view from) noexcept : size(static_cast<std::uint8_t>(from.size())) {
        for (std::size_t at = 0; at < from.size(); ++at) text[at] = from[at];
    }

    constexpr std::string_view view() const noexcept { return {text.data(), size}; }
};

inline constexpr std::array<known_name, known_field_count> known_names{{
    std::string_view(""),
    std::string_view("host"),
    std::string_view("content-length"),
    std::string_view("transfer-encoding"),
    std::string_view("connection"),
    std::string_view("expect"),
    std::string_view("content-type"),
    std::string_view("authorization"),
    std::string_view("user-agent"),
    std::string_view("accept"),
    std::string_view("cookie"),
    std::string_view("accept-encoding"),
    std::string_view("accept-language"),
    std::string_view("accept-charset"),
    std::string_view("access-control-request-headers"),
    std::string_view("access-control-request-method"),
    std::string_view("cache-control"),
    std::string_view("content-disposition"),
    std::string_view("content-encoding"),
    std::string_view("content-language"),
    std::string_view("date"),
    std::string_view("dnt"),
    std::string_view("forwarded"),
    std::string_view("idempotency-key"),
    std::string_view("if-match"),
    std::string_view("if-modified-since"),
    std::string_view("if-none-match"),
    std::string_view("if-range"),
    std::string_view("if-unmodified-since"),
    std::string_view("origin"),
    std::string_view("pragma"),
    std::string_view("range"),
    std::string_view("referer"),
    std::string_view("sec-websocket-extensions"),
    std::string_view("sec-websocket-key"),
    std::string_view("sec-websocket-protocol"),
    std::string_view("sec-websocket-version"),
    std::string_view("te"),
    std::string_view("traceparent"),
    std::string_view("tracestate"),
    std::string_view("trailer"),
    std::string_view("upgrade"),
    std::string_view("x-forwarded-for"),
    std::string_view("x-forwarded-host"),
    std::string_view("x-forwarded-proto"),
    std::string_view("x-openid"),
    std::string_view("x-real-ip"),
    std::string_view("x-request-id"),
    std::string_view("x-requested-with"),
}};

/// A case-insensitive hash of the size and the first and last letters that distinguishes all known names.
struct known_hash {
    unsigned first = 0;
    unsigned last = 0;

    static constexpr unsigned slots = 256;

    constexpr unsigned operator()(const char* text, std::size_t size) const noexcept {
        const unsigned a = static_cast<unsigned char>(text[0]) | 0x20U;
        const unsigned z = static_cast<unsigned char>(text[size - 1]) | 0x20U;
        return (a * first + z * last + static_cast<unsigned>(size)) % slots;
    }
};

struct known_slot {
    std::uint8_t field = 0;
    std::uint8_t size = 0;
};

using known_slots = std::array<known_slot, known_hash::slots>;

constexpr bool fill_slots(known_hash hash, known_slots& slots) noexcept {
    slots = {};
    for (std::size_t field = 1; field < known_field_count; ++field) {
        auto& slot = slots[hash(known_names[field].text.data(), known_names[field].size)];
        if (slot.size != 0) return false;
        slot = {static_cast<std::uint8_t>(field), known_names[field].size};
    }
    return true;
}

consteval known_hash find_known_hash() {
    known_slots slots{};
    for (unsigned first = 1; first < 64; ++first)
        for (unsigned last = 1; last < 64; ++last)
            if (fill_slots({first, last}, slots)) return {first, last};
    throw "no factors keep the known names apart";
}

inline constexpr known_hash hash_known = find_known_hash();
inline constexpr known_slots slots_of_known = [] {
    known_slots slots{};
    fill_slots(hash_known, slots);
    return slots;
}();

/// Whether `text` equals `lower_name`, of the same size, case-insensitively.
constexpr bool same_letters(const char* text, const known_name& name) noexcept {
    for (std::size_t at = 0; at < name.size; ++at) {
        const char c = text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] | 0x20) : text[at];
        if (c != name.text[at]) return false;
    }
    return true;
}

/// Returns the known field of this name; the name must be a known one.
inline known_field find_known(const char* text, std::size_t size) noexcept {
    const auto slot = slots_of_known[hash_known(text, size)];
    // nearly all lookups by name use lower case
    return slot.size == size && (std::string_view(text, size) == known_names[slot.field].view() ||
                                 same_letters(text, known_names[slot.field]))
               ? static_cast<known_field>(slot.field)
               : known_field::none;
}

} // namespace weir::http::detail
