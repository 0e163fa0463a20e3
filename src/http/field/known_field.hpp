// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// Field names that the parser recognises, so that later lookups need no string comparison.
enum class known_field : std::uint8_t {
    none,
    host,
    content_length,
    transfer_encoding,
    connection,
    expect,
    content_type,
    authorization,
    user_agent,
    accept,
    cookie,
    accept_encoding,
    accept_language,
    accept_charset,
    access_control_request_headers,
    access_control_request_method,
    cache_control,
    content_disposition,
    content_encoding,
    content_language,
    date,
    dnt,
    forwarded,
    idempotency_key,
    if_match,
    if_modified_since,
    if_none_match,
    if_range,
    if_unmodified_since,
    origin,
    pragma,
    range,
    referer,
    sec_websocket_extensions,
    sec_websocket_key,
    sec_websocket_protocol,
    sec_websocket_version,
    te,
    traceparent,
    tracestate,
    trailer,
    upgrade,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_proto,
    x_openid,
    x_real_ip,
    x_request_id,
    x_requested_with,
};

inline constexpr std::size_t known_field_count = static_cast<std::size_t>(known_field::x_requested_with) + 1;

/// Returns the field's name in lower case; empty for `none`.
std::string_view name(known_field field) noexcept;

/// Returns the known field of that name, case-insensitively, or `none`.
known_field known_field_of(std::string_view name) noexcept;

} // namespace weir::http::detail
