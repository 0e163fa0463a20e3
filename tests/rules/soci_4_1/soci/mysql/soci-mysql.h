// SPDX-License-Identifier: MIT
#pragma once

#include <soci/soci.h>

#include <errmsg.h>
#include <mysql.h>
#include <string>
#include <vector>

namespace soci {

class mysql_soci_error : public soci_error {
public:
    mysql_soci_error(const std::string& text, int code);
    unsigned err_num_;
};

struct mysql_statement_backend : details::statement_backend {
    MYSQL_RES* result_;
    std::vector<std::string> queryChunks_;
};
struct mysql_session_backend : details::session_backend {
    MYSQL* conn_;
};
struct mysql_backend_factory : backend_factory {};
extern const mysql_backend_factory& mysql;

} // namespace soci
