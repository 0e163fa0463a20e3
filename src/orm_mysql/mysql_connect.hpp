// SPDX-License-Identifier: MIT
#pragma once

#include "orm_mysql/mysql_url.hpp"

#include <mysql.h>
#include <string>
#include <string_view>

namespace weir::orm {

// The address part of SOCI's connect string. SOCI supports neither verified TLS nor TCP to `localhost`: weir sets these
// in MariaDB's client, from `to`, which must outlive the connecting. errc::invalid_argument for what another client
// doesn't support.
result<std::string> address_text(const mysql_url& to);

// Connects a client of weir itself, whose timeouts are already set; false if that fails.
bool connect(MYSQL& client, const mysql_url& to);

// Quotes a string for SOCI's connect string and for MySQL's SQL.
std::string in_quotes(std::string_view text);

} // namespace weir::orm
