// SPDX-License-Identifier: MIT
#pragma once

#include "http/known_field.hpp"
#include <weir/http/method.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::http {

/// How many fields a head can hold, whatever the limits say.
inline constexpr std::size_t max_head_fields = 100;

/// Limits in bytes (the request line without its CRLF, the head with its blank line) and in number of fields.
struct head_limits {
    std::uint32_t line = 8192;
    std::uint32_t head = 16384;
    std::uint32_t fields = max_head_fields;
};

/// One field as offsets from the start of the buffer; the value is without surrounding blanks.
struct head_field {
    std::uint32_t name;
    std::uint32_t value;
    std::uint32_t value_size;
    std::uint16_t name_size;
    known_field known;

    std::string_view name_in(std::string_view bytes) const noexcept { return bytes.substr(name, name_size); }

    std::string_view value_in(std::string_view bytes) const noexcept { return bytes.substr(value, value_size); }
};

/// A request head without its fields: offsets from the start of the buffer it was parsed from, so the buffer may move.
struct head_outline {
    static constexpr std::size_t known_room = 64; ///< more than there are known names: whole blocks to be cleared
    static_assert(known_room >= known_field_count);

    method verb = method::unknown;  ///< `unknown` is a well-formed method of no known name (to be answered 501)
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
    std::uint32_t target = 0; ///< path and query; of an absolute-form target what follows the authority
    std::uint32_t target_size = 0;
    std::uint32_t path_size = 0; ///< up to '?'; 0 for an absolute-form target without a path, which means "/"
    std::uint32_t authority = 0; ///< of an absolute-form target, else the Host field's value
    std::uint32_t authority_size = 0;
    std::uint32_t size = 0; ///< of the head, blank line and a skipped leading CRLF included
    std::uint64_t content_length = 0;
    /// 1 + the index of the first field of each known name, 0 where there is none.
    std::array<std::uint8_t, known_room> first_known{};

    bool has_body() const noexcept { return chunked || content_length != 0; }

    /// Whether the target is a whole URL, whose authority stands in front of its path.
    bool has_absolute_target() const noexcept { return authority < target && authority_size != 0; }

    std::string_view method_in(std::string_view bytes) const noexcept { return bytes.substr(method_at, method_size); }

    /// As received, still percent-encoded; "*" for OPTIONS in asterisk-form.
    std::string_view path_in(std::string_view bytes) const noexcept {
        return path_size == 0 ? std::string_view("/") : bytes.substr(target, path_size);
    }

    /// What follows the '?', still percent-encoded; empty if there is none.
    std::string_view query_in(std::string_view bytes) const noexcept {
        return path_size == target_size ? std::string_view()
                                        : bytes.substr(target + path_size + 1, target_size - path_size - 1);
    }

    std::string_view authority_in(std::string_view bytes) const noexcept {
        return bytes.substr(authority, authority_size);
    }

    /// The first field of that name, null if there is none; `fields` are the head's.
    const head_field* find(known_field known, const head_field* fields) const noexcept {
        const auto index = first_known[static_cast<std::size_t>(known)];
        return index == 0 ? nullptr : &fields[index - 1U];
    }
};

/// A request head with room for as many fields as there may be. Filled by parse_head and meant to be reused; only what
/// parse_head called complete is meaningful.
struct request_head : head_outline {
    std::array<head_field, max_head_fields> fields;

    const head_field* find(known_field known) const noexcept { return head_outline::find(known, fields.data()); }
};

enum class head_status : std::uint8_t { complete, incomplete, refused };

/// What became of the bytes; a refused head is answered with the status and ends the connection.
struct head_verdict {
    head_status status = head_status::incomplete;
    std::uint16_t http_status = 0; ///< 400, 414, 417, 431, 501 or 505 when refused
    const char* reason = "";       ///< static text for the error body
};

/// Parses one request head from the start of `bytes` (RFC 9112, strictly: nothing that two servers could
/// read differently is accepted). One optional leading CRLF is skipped. Nothing is kept between calls: an
/// incomplete head is parsed again from its start when more has come. What is wrong is refused as soon as the
/// byte that makes it so is there, and every split of an input gets the verdict of the whole.
head_verdict parse_head(std::string_view bytes, const head_limits& limits, request_head& out) noexcept;

/// Lets the authority of an absolute-form target replace the Host field's value, as an origin server has to ignore what
/// the field says beside it (RFC 9112 section 3.2.2). The other heads stay as they are.
inline void replace_host(request_head& head) noexcept {
    const auto index = head.first_known[static_cast<std::size_t>(known_field::host)];
    if (!head.has_absolute_target() || index == 0) return;
    head.fields[index - 1U].value = head.authority;
    head.fields[index - 1U].value_size = head.authority_size;
}

/// Whether parsing an incomplete head again makes sense: a line end or another KiB came in. `scanned` starts
/// at 0 and is kept by the caller. Together with the field limit it keeps dribbled heads linear.
bool may_complete(std::string_view bytes, std::uint32_t& scanned) noexcept;

} // namespace weir::http
