// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

// An SQLite failure by its extended result code. The message is for everybody and names no SQL, value or
// path; SQLite's own text is the cause, with the unique index that it is about.
error sqlite_error(int extended_code, std::string_view text, std::string_view index = {});

// `users.openid, users.tenant` of a unique index that is broken, or nothing.
std::string_view sqlite_unique_columns(int extended_code, std::string_view text);

// SQLite's text where weir's own arithmetic doesn't fit; see define_arithmetic.
inline constexpr const char* sqlite_overflow = "weir: out of range";

// Whether a connection that failed so is of no further use.
bool sqlite_is_broken(int extended_code);

// Whether another program had the lock for as long as it was waited for.
bool sqlite_is_locked(const error& failure);

} // namespace weir::orm
