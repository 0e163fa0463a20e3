// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <string>
#include <string_view>

namespace weir::orm {

constexpr unsigned mysql_duplicate_entry = 1062;   // ER_DUP_ENTRY
constexpr unsigned mysql_query_interrupted = 1317; // ER_QUERY_INTERRUPTED, by KILL QUERY

// Translates an error number of MySQL or MariaDB (https://mariadb.com/kb/en/mariadb-error-code-reference/). `columns`
// are those of the unique key, of which the text contains only the name.
error mysql_failure(unsigned code, std::string_view text, std::string_view columns = {});

// The error for a statement longer than the server accepts.
error larger_than_packet();

// The key named in the text of a duplicate entry.
std::string_view mysql_key_in(std::string_view text);

// Whether the connection is lost after this error.
bool mysql_is_gone(unsigned code);

// The text for logs, without the values that some texts quote.
std::string mysql_text_without_values(unsigned code, std::string_view text);

} // namespace weir::orm
