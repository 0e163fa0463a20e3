// SPDX-License-Identifier: MIT
#pragma once

#include "orm_mysql/mysql_url.hpp"

#include <mysql.h>
#include <string>
#include <string_view>

namespace weir::orm {

// The part of SOCI's connect text that says where to connect, and how. SOCI knows neither TLS that verifies the server
// nor TCP to `localhost`: weir sets these in MariaDB's client, from `to`, which has to live until there is a
// connection. errc::invalid_argument for what another client can't do.
result<std::string> address_text(const mysql_url& to);

// Connects a client of weir's own, whose limits of time are set; false when it can't.
bool connect(MYSQL& client, const mysql_url& to);

// The text as SOCI's connect text and MySQL's SQL quote it.
std::string in_quotes(std::string_view text);

} // namespace weir::orm
