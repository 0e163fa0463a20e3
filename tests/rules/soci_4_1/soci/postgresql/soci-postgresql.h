// SPDX-License-Identifier: MIT
#pragma once

#include <soci/soci.h>

#include <libpq-fe.h>

namespace soci {

class postgresql_soci_error : public soci_error {
public:
    using soci_error::soci_error;
    std::string get_sqlstate() const;
    std::string sqlstate() const;
};

namespace details {

class postgresql_result {
public:
    void reset(PGresult* result = nullptr);
    PGresult* get_result() const;
};

} // namespace details

struct postgresql_session_backend : details::session_backend {
    int statementCount_;
    PGconn* conn_;
};
struct postgresql_statement_backend : details::statement_backend {
    details::postgresql_result result_;
    postgresql_session_backend& session_;
    std::string query_;
    details::statement_type stType_;
    std::string statementName_;
    bool justDescribed_;
};
struct postgresql_backend_factory : backend_factory {};
extern const postgresql_backend_factory& postgresql;

} // namespace soci
