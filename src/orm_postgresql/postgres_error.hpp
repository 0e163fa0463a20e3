// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

// Translates PostgreSQL's SQLSTATE and text (https://www.postgresql.org/docs/15/errcodes-appendix.html).
error postgres_error(std::string_view sqlstate, std::string_view text);

// Whether the server ends the connection after this error.
bool postgres_is_gone(std::string_view sqlstate);

// The text for logs, without the lines and words that quote values.
std::string without_values(std::string_view sqlstate, std::string_view text);

} // namespace weir::orm
