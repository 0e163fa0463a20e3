// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

// Translates an SQLite failure by its extended result code. The message is safe for clients: no SQL, value or path;
// SQLite's own text and the violated unique index are in the cause.
error sqlite_error(int extended_code, std::string_view text, std::string_view index = {});

// `users.openid, users.tenant` of a violated unique index, or empty.
std::string_view sqlite_unique_columns(int extended_code, std::string_view text);

// SQLite's error text for an overflow in weir's arithmetic; see define_arithmetic.
inline constexpr const char* sqlite_overflow = "weir: out of range";

// Whether a connection is unusable after this failure.
bool sqlite_is_broken(int extended_code);

// Whether another program held the lock for the whole wait.
bool sqlite_is_locked(const error& failure);

} // namespace weir::orm
