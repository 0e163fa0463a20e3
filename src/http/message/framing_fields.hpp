// SPDX-License-Identifier: MIT
#pragma once

#include "http/message/header_access.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// The handler's fields that concern what the server decides: the message's framing, the connection, and the date.
struct framing_fields {
    std::string others{};      // the lines of all other fields
    std::string options{};     // of Connection, except close and keep-alive
    std::string_view length{}; // of the first Content-Length that is a number
    std::string_view date{};   // the first Date
};

/// The bits of these fields' names.
inline constexpr std::uint64_t framing_names =
    name_bit("content-length") | name_bit("transfer-encoding") | name_bit("connection") | name_bit("date");

/// Whether there may be such a field: checked for every response, and true for almost none.
inline bool may_have_framing_fields(const header_list& fields) noexcept {
    return header_access::may_hold(fields, framing_names);
}

/// Separates these fields from the others. The views are valid as long as `fields`.
framing_fields read_framing_fields(const header_list& fields);

bool lists_close(const header_list& fields) noexcept;

/// Whether the handler asks to close the connection after its response.
inline bool states_close(const header_list& fields) noexcept {
    return header_access::may_hold(fields, name_bit("connection")) && lists_close(fields);
}

} // namespace weir::http::detail
