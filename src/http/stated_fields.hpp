// SPDX-License-Identifier: MIT
#pragma once

#include "http/header_access.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// What a handler's fields say of that which is the server's to say: how the message is framed, what becomes of
/// the connection, and the date.
struct stated_fields {
    std::string others{};      // the lines of all other fields
    std::string options{};     // of Connection, but for close and keep-alive
    std::string_view length{}; // of the first Content-Length, where it is a number
    std::string_view date{};   // the first
};

/// The bits of these fields' names.
inline constexpr std::uint64_t stated_names =
    name_bit("content-length") | name_bit("transfer-encoding") | name_bit("connection") | name_bit("date");

/// Whether there may be such a field: what every response is asked, and what nearly none has.
inline bool may_state(const header_list& fields) noexcept { return header_access::may_hold(fields, stated_names); }

/// The views live as long as the fields.
stated_fields read_stated(const header_list& fields);

bool lists_close(const header_list& fields) noexcept;

/// Whether the handler wants the connection to end after its answer.
inline bool states_close(const header_list& fields) noexcept {
    return header_access::may_hold(fields, name_bit("connection")) && lists_close(fields);
}

} // namespace weir::http::detail
