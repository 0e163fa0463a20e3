// SPDX-License-Identifier: MIT
#pragma once

#include "orm/support.hpp"
#include "support/database_server.hpp"

#include <doctest/doctest.h>

#include <string>

// What all databases have to do alike is written once, for each of these. Each is an empty database of its own; what
// databases differ in is a constant.
namespace orm_test {

inline std::string fresh_name() {
    static int made = 0;
    return "test" + std::to_string(++made);
}

// Nothing here may fail for being slow.
inline weir::database_options patient(std::string url) {
    weir::database_options made;
    made.url = std::move(url);
    made.pool.connection_timeout = std::chrono::minutes(1);
    made.busy_timeout = std::chrono::minutes(1);
    made.connect_timeout = std::chrono::minutes(1);
    made.statement_timeout = std::chrono::minutes(1);
    return made;
}

inline void execute_at(const std::string& url, std::string sql) {
    weir::loop home;
    weir::database admin(patient(url));
    home.block_on(admin.execute(std::move(sql))).value();
}

struct on_sqlite {
    static constexpr bool is_server = false;
    static constexpr bool keeps_nul = true;           // in texts
    static constexpr bool keeps_lengths = false;      // max_length is a rule of the table's
    static constexpr bool migrates_as_a_whole = true; // or not at all
    static constexpr bool failure_ends_transaction = false;
    static constexpr const char* endless = orm_test::endless;

    weir::database_options options() const { return patient(files / "test.db"); }

    temporary_folder files;
};

struct on_postgres {
    static constexpr bool is_server = true;
    static constexpr bool keeps_nul = false;
    static constexpr bool keeps_lengths = true;
    static constexpr bool migrates_as_a_whole = true;
    static constexpr bool failure_ends_transaction = true;
    static constexpr const char* endless = "SELECT 1 FROM pg_sleep(3600)";
    static constexpr const char* this_connection = "SELECT pg_backend_pid()";
    static constexpr const char* end_connection = "SELECT CASE WHEN pg_terminate_backend(?) THEN 1 ELSE 0 END";
    static constexpr const char* read_only = "SET default_transaction_read_only = on";

    using server = test_support::postgres_server;
    static server& shared() {
        static server running;
        return running;
    }

    explicit on_postgres(server& at = shared()) : at_(at) { execute_at(at_.url(), "CREATE SCHEMA " + name_); }

    weir::database_options options() const { return patient(at_.url() + "?options=-csearch_path%3D" + name_); }

private:
    server& at_;
    std::string name_ = fresh_name();
};

struct on_mariadb {
    static constexpr bool is_server = true;
    static constexpr bool keeps_nul = true;
    static constexpr bool keeps_lengths = true;
    static constexpr bool migrates_as_a_whole = false;
    static constexpr bool failure_ends_transaction = false;
    static constexpr const char* endless = "SELECT sleep(3600)";
    static constexpr const char* this_connection = "SELECT connection_id()";
    static constexpr const char* end_connection = "KILL CONNECTION ?";
    static constexpr const char* read_only = "SET SESSION TRANSACTION READ ONLY";

    using server = test_support::mariadb_server;
    static server& shared() {
        static server running;
        return running;
    }

    explicit on_mariadb(server& at = shared()) : at_(at) { execute_at(at_.url("mysql"), "CREATE DATABASE " + name_); }

    weir::database_options options() const { return patient(at_.url(name_)); }

private:
    server& at_;
    std::string name_ = fresh_name();
};

// A database with its loop, and what tests do with it all the time.
template<class Backend>
struct open_database {
    Backend where;
    weir::loop home;
    weir::database db;

    open_database() : db(where.options()) {}
    explicit open_database(weir::database_options chosen) : db(std::move(chosen)) {}

    template<class T>
    T ask(weir::task<T> question) {
        return home.block_on(std::move(question));
    }

    template<class T>
    weir::repository<T> table() {
        weir::repository<T> rows(db);
        ask(rows.auto_migrate()).value();
        return rows;
    }

    weir::error failure(std::string sql) { return ask(db.execute(std::move(sql))).error(); }
};

} // namespace orm_test

TYPE_TO_STRING(orm_test::on_sqlite);
TYPE_TO_STRING(orm_test::on_postgres);
TYPE_TO_STRING(orm_test::on_mariadb);

// Those that this build has.
#if defined(WEIR_TEST_POSTGRES) && defined(WEIR_TEST_MARIADB)
#define WEIR_SERVERS orm_test::on_postgres, orm_test::on_mariadb
#elif defined(WEIR_TEST_POSTGRES)
#define WEIR_SERVERS orm_test::on_postgres
#elif defined(WEIR_TEST_MARIADB)
#define WEIR_SERVERS orm_test::on_mariadb
#endif
#ifdef WEIR_SERVERS
#define WEIR_DATABASES orm_test::on_sqlite, WEIR_SERVERS
#else
#define WEIR_DATABASES orm_test::on_sqlite
#endif
