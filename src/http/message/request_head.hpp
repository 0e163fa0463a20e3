// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/known_field.hpp"
#include <weir/http/method.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// The largest number of fields a head can hold, regardless of the limits.
inline constexpr std::size_t max_head_fields = 100;

/// Limits in bytes (the request line without its CRLF, the head with its blank line) and in number of fields.
struct head_limits {
    std::uint32_t line = 8192;
    std::uint32_t head = 16384;
    std::uint32_t fields = max_head_fields;
};

/// One field as offsets from the start of the buffer; the value excludes surrounding blanks.
struct head_field {
    std::uint32_t name;
    std::uint32_t value;
    std::uint32_t value_size;
    std::uint16_t name_size;
    known_field known;

    std::string_view name_in(std::string_view bytes) const noexcept { return bytes.substr(name, name_size); }

    std::string_view value_in(std::string_view bytes) const noexcept { return bytes.substr(value, value_size); }
};

/// A request head without its fields: offsets into the buffer it was parsed from, so the buffer may move.
struct head_outline {
    static constexpr std::size_t known_room = 64; ///< more than the number of known names, in whole blocks for clearing
    static_assert(known_room >= known_field_count);

    method verb = method::unknown;  ///< `unknown` is a well-formed but unknown method (answered with 501)
    std::uint8_t minor_version = 1; ///< 0 or 1; 1.2 to 1.9 count as 1 (RFC 9110 section 2.5)
    bool has_content_length = false;
    bool chunked = false;
    bool keep_alive = false;
    bool expect_continue = false; ///< a body is announced and the client waits for 100 (RFC 9110 section 10.1.1)
    bool upgrade = false;         ///< `Connection` lists `upgrade`
    bool plain_path = false;      ///< the path needs no check_path: no escapes, no dots, all ASCII
    std::uint16_t field_count = 0;
    std::uint32_t method_at = 0;
    std::uint32_t method_size = 0;
    std::uint32_t target = 0; ///< path and query; for an absolute-form target the part after the authority
    std::uint32_t target_size = 0;
    std::uint32_t path_size = 0; ///< up to '?'; 0 for an absolute-form target without a path, which means "/"
    std::uint32_t authority = 0; ///< of an absolute-form target, or else the Host field's value
    std::uint32_t authority_size = 0;
    std::uint32_t size = 0; ///< of the head, including the blank line and a skipped leading CRLF
    std::uint64_t content_length = 0;
    /// 1 + the index of the first field of each known name, 0 if there is none.
    std::array<std::uint8_t, known_room> first_known{};

    bool has_body() const noexcept { return chunked || content_length != 0; }

    /// Whether the target is an absolute URL, whose authority precedes its path.
    bool has_absolute_target() const noexcept { return authority < target && authority_size != 0; }

    std::string_view method_in(std::string_view bytes) const noexcept { return bytes.substr(method_at, method_size); }

    /// As received, still percent-encoded; "*" for OPTIONS in asterisk-form.
    std::string_view path_in(std::string_view bytes) const noexcept {
        return path_size == 0 ? std::string_view("/") : bytes.substr(target, path_size);
    }

    /// The part after the '?', still percent-encoded; empty if there is none.
    std::string_view query_in(std::string_view bytes) const noexcept {
        return path_size == target_size ? std::string_view()
                                        : bytes.substr(target + path_size + 1, target_size - path_size - 1);
    }

    std::string_view authority_in(std::string_view bytes) const noexcept {
        return bytes.substr(authority, authority_size);
    }

    /// Returns the first field of that name, null if there is none; `fields` are the head's.
    const head_field* find(known_field known, const head_field* fields) const noexcept {
        const auto index = first_known[static_cast<std::size_t>(known)];
        return index == 0 ? nullptr : &fields[index - 1U];
    }
};

/// A request head with room for the largest number of fields. Filled by parse_head and reused; meaningful only after
/// parse_head returned complete.
struct request_head : head_outline {
    std::array<head_field, max_head_fields> fields;

    const head_field* find(known_field known) const noexcept { return head_outline::find(known, fields.data()); }
};

} // namespace weir::http::detail
