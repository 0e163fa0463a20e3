// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/byte_scan.hpp"
#include "http/field/known_field_table.hpp"
#include "http/wire/head_parser.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace weir::http::detail {

#ifdef WEIR_SCAN_SSE2

/// Loads 16 bytes from anywhere up to a string's end; bytes beyond the end read as zeros, which stop every scan, so the
/// loops need no bounds checks. Consists of a few pointers; pass it by value.
class padded_text {
public:
    using storage = std::array<char, 32>;

    /// Requires fits(text). `tail` receives a copy of the text's end and must live as long as this object.
    padded_text(std::string_view text, storage& tail) noexcept
        : base_(text.data()), end_(base_ + text.size()), last_block_(end_ - 16), tail_(tail.data()) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(tail.data()), loadu(last_block_));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(tail.data() + 16), _mm_setzero_si128());
    }

    static bool fits(std::string_view text) noexcept { return text.size() >= 16; }

    __m128i load(const char* p) const noexcept {
        if (p <= last_block_) [[likely]]
            return loadu(p);
        return loadu(tail_ + (p - last_block_));
    }

    const char* base() const noexcept { return base_; }

    std::size_t rest(const char* p) const noexcept { return static_cast<std::size_t>(end_ - p); }

    static __m128i loadu(const char* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

private:
    const char* base_;
    const char* end_;
    const char* last_block_;
    const char* tail_;
};

/// Like find_known, for a name whose first block is loaded.
inline known_field find_known(padded_text text, const char* name, std::size_t size, __m128i block) noexcept {
    const auto slot = slots_of_known[hash_known(name, size)];
    if (slot.size != size) return known_field::none;
    const char* const known = known_names[slot.field].text.data();
    // a byte that `lower` turns into a letter or '-' without being one isn't allowed in a name
    auto same = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(lower(block), padded_text::loadu(known))));
    if (size > 16) {
        const __m128i second = _mm_cmpeq_epi8(lower(text.load(name + 16)), padded_text::loadu(known + 16));
        same |= static_cast<unsigned>(_mm_movemask_epi8(second)) << 16;
    }
    const unsigned wanted = (1U << size) - 1;
    return (same & wanted) == wanted ? static_cast<known_field>(slot.field) : known_field::none;
}

/// Returns the first byte that isn't printable ASCII.
inline const char* skip_printable(padded_text text, const char* p) noexcept {
    for (;; p += 16) {
        // with one added, DEL becomes negative like the bytes beyond ASCII, and all of them are less than '!'
        const __m128i next = _mm_add_epi8(text.load(p), _mm_set1_epi8(1));
        const int marks = _mm_movemask_epi8(_mm_cmplt_epi8(next, _mm_set1_epi8(0x21)));
        if (marks != 0) return p + __builtin_ctz(static_cast<unsigned>(marks));
    }
}

inline const char* skip_target(padded_text text, const char* p) noexcept {
    for (;; p += 16) {
        const int marks = _mm_movemask_epi8(other_than_target(text.load(p)));
        if (marks != 0) return p + __builtin_ctz(static_cast<unsigned>(marks));
    }
}

/// Whether a path is ASCII without '%' and '.', so that it needs no check and no decoding.
inline bool is_plain_path(padded_text text, const char* p, const char* end) noexcept {
    for (;; p += 16) {
        const unsigned plain = first_of(other_than_plain(text.load(p)));
        if (p + plain >= end) return true;
        if (plain < 16) return false;
    }
}

/// Whether the two bytes at `p` exist and equal `pair`.
inline bool is_pair(padded_text text, const char* p, const char (&pair)[3]) noexcept {
    return text.rest(p) >= 2 && std::memcmp(p, pair, 2) == 0;
}

/// Parses the method at the start of a request line; most are GET.
inline unsigned fast_method(padded_text text, const char* line, method& verb) noexcept {
    verb = method::get;
    if (std::memcmp(line, "GET ", 4) == 0) return 3; // `fits` guarantees these bytes
    const unsigned size = first_of(other_than_name(text.load(line)));
    verb = parse_method({line, size});
    return size;
}

/// Parses a request line in the usual form. Returns its end, or null for any other form, which the general parser
/// handles and diagnoses.
inline const char* fast_request_line(padded_text text, const char* line, request_head& out) noexcept {
    method verb;
    const unsigned method_size = fast_method(text, line, verb);
    const char* const target = line + method_size + 1;
    if (method_size == 0 || text.rest(line) < method_size + 13 || target[-1] != ' ') return nullptr;
    const char* path_end = skip_target(text, target);
    const char* end = path_end;
    while (text.rest(end) >= 11 && *end == '?') end = skip_target(text, end + 1);
    if (text.rest(end) < 11 || std::memcmp(end, " HTTP/1.1\r\n", 11) != 0 || *target != '/') return nullptr;
    out.verb = verb;
    out.minor_version = 1;
    out.method_at = static_cast<std::uint32_t>(line - text.base());
    out.method_size = method_size;
    out.target = static_cast<std::uint32_t>(target - text.base());
    out.target_size = static_cast<std::uint32_t>(end - target);
    out.path_size = static_cast<std::uint32_t>(path_end - target);
    out.plain_path = is_plain_path(text, target, path_end);
    return out.verb == method::connect ? nullptr : end + 11;
}

/// Does the same for a field line.
inline const char* fast_field_line(padded_text text, const char* line, head_field& out) noexcept {
    const __m128i block = text.load(line);
    unsigned name_size = first_of(other_than_name(block));
    if (name_size == 16) name_size += first_of(other_than_name(text.load(line + 16)));
    if (name_size == 0 || name_size == 32 || !is_pair(text, line + name_size, ": ")) return nullptr;
    const char* const value = line + name_size + 2;
    const char* const end = skip_printable(text, value);
    if (!is_pair(text, end, "\r\n") || *value == ' ' || end[-1] == ' ') return nullptr;
    out.name = static_cast<std::uint32_t>(line - text.base());
    out.value = out.name + name_size + 2;
    out.value_size = static_cast<std::uint32_t>(end - value);
    out.name_size = static_cast<std::uint16_t>(name_size);
    out.known = find_known(text, line, name_size, block);
    return end + 2;
}

/// Whether a Host field's value is a name or an IPv4 address without a port.
inline bool is_plain_host(padded_text text, const head_field& host) noexcept {
    const char* const value = text.base() + host.value;
    for (std::size_t at = 0;; at += 16) {
        const unsigned plain = first_of(other_than_host(text.load(value + at)));
        if (plain < 16) return at + plain == host.value_size && host.value_size != 0; // ends at the line's end
    }
}

#else

class padded_text {
public:
    using storage = std::array<char, 1>;

    padded_text(std::string_view, storage&) noexcept {}

    static bool fits(std::string_view) noexcept { return false; }
};

inline bool is_pair(padded_text, const char*, const char (&)[3]) noexcept { return false; }

inline const char* fast_request_line(padded_text, const char*, request_head&) noexcept { return nullptr; }

inline const char* fast_field_line(padded_text, const char*, head_field&) noexcept { return nullptr; }

inline bool is_plain_host(padded_text, const head_field&) noexcept { return false; }

#endif

} // namespace weir::http::detail
