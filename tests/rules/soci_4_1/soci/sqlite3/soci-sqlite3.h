// SPDX-License-Identifier: MIT
#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

namespace sqlite_api {

struct sqlite3;
struct sqlite3_stmt;
using sqlite3_int64 = long long;
using sqlite3_uint64 = unsigned long long;

} // namespace sqlite_api

namespace soci {

struct sqlite3_column_info {
    data_type type_;
    db_type dataType_;
    std::string name_;
};

struct sqlite3_statement_backend : details::statement_backend {
    sqlite_api::sqlite3_stmt* stmt_;
    std::vector<sqlite3_column_info> columns_;
};
struct sqlite3_session_backend : details::session_backend {
    sqlite_api::sqlite3* conn_;
};
struct sqlite3_backend_factory : backend_factory {};
extern const sqlite3_backend_factory& sqlite3;

} // namespace soci
