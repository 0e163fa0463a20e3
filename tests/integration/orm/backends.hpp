// SPDX-License-Identifier: MIT
#pragma once

#include "orm/support.hpp"
#include "support/database_server.hpp"
#include <weir/testing/fault_proxy.hpp>

#include <doctest/doctest.h>

#include <string>

// Tests of what all databases have in common are written and compiled once, and run on each: DATABASE_TEST_CASE.
namespace orm_test {

inline std::string fresh_name() {
    static int made = 0;
    return "test" + std::to_string(++made);
}

// Generous limits: nothing here may fail for being slow.
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

// How the databases differ.
struct backend {
    bool keeps_lengths;       // if false, max_length is a constraint of the table
    bool migrates_as_a_whole; // or not at all
    bool failure_ends_transaction;
    const char* endless;

    // Creates an empty database (SQLite: a file in this folder) and returns its URL.
    std::string (*empty)(const temporary_folder& files);

    // Servers only.
    test_support::database_server& (*server)() = nullptr;
    const char* this_connection = nullptr;
    const char* end_connection = nullptr;
    const char* read_only = nullptr;
    const char* sleep = nullptr;         // takes seconds
    const char* count_endless = nullptr; // running ones

    bool is_server() const { return server != nullptr; }
};

inline constexpr backend sqlite{
    .keeps_lengths = false,
    .migrates_as_a_whole = true,
    .failure_ends_transaction = false,
    .endless = orm_test::endless,
    .empty = [](const temporary_folder& files) { return files / "test.db"; },
};

inline test_support::postgres_server& postgres_server() {
    static test_support::postgres_server running;
    return running;
}

inline constexpr backend postgres{
    .keeps_lengths = true,
    .migrates_as_a_whole = true,
    .failure_ends_transaction = true,
    .endless = "SELECT 1 FROM pg_sleep(3600)",
    .empty =
        [](const temporary_folder&) {
            const std::string name = fresh_name();
            execute_at(postgres_server().url(), "CREATE SCHEMA " + name);
            return postgres_server().url() + "?options=-csearch_path%3D" + name;
        },
    .server = []() -> test_support::database_server& { return postgres_server(); },
    .this_connection = "SELECT pg_backend_pid()",
    .end_connection = "SELECT CASE WHEN pg_terminate_backend(?) THEN 1 ELSE 0 END",
    .read_only = "SET default_transaction_read_only = on",
    .sleep = "SELECT 1 FROM pg_sleep(?)",
    .count_endless = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(3600)' "
                     "AND pid <> pg_backend_pid()",
};

inline test_support::mariadb_server& mariadb_server() {
    static test_support::mariadb_server running;
    return running;
}

inline constexpr backend mariadb{
    .keeps_lengths = true,
    .migrates_as_a_whole = false,
    .failure_ends_transaction = false,
    .endless = "SELECT sleep(3600)",
    .empty =
        [](const temporary_folder&) {
            const std::string name = fresh_name();
            execute_at(mariadb_server().url("mysql"), "CREATE DATABASE " + name);
            return mariadb_server().url(name);
        },
    .server = []() -> test_support::database_server& { return mariadb_server(); },
    .this_connection = "SELECT connection_id()",
    .end_connection = "KILL CONNECTION ?",
    .read_only = "SET SESSION TRANSACTION READ ONLY",
    .sleep = "SELECT sleep(?)",
    .count_endless = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%sleep(3600)'",
};

// An empty database for one test.
class empty_database {
public:
    explicit empty_database(const backend& kind) : url_(kind.empty(files_)) {}

    weir::database_options options() const { return patient(url_); }

private:
    temporary_folder files_;
    std::string url_;
};

// One with a loop, and the calls that tests repeat.
struct open_database {
    const backend& kind;
    empty_database where;
    weir::loop home;
    weir::database db;

    explicit open_database(const backend& chosen) : kind(chosen), where(chosen), db(where.options()) {}

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

// The same database behind a network link that the test damages.
inline weir::database_options over(const weir::testing::fault_proxy& line, const backend& kind,
                                   weir::database_options there) {
    const std::string port = ":" + std::to_string(kind.server().port());
    there.url.replace(there.url.find(port), port.size(), ":" + std::to_string(line.port()));
    return there;
}

// doctest registers a test case per type and prints the type's name.
struct on_sqlite {
    static constexpr const backend& kind = sqlite;
};
struct on_postgres {
    static constexpr const backend& kind = postgres;
};
struct on_mariadb {
    static constexpr const backend& kind = mariadb;
};

} // namespace orm_test

TYPE_TO_STRING_AS("SQLite", orm_test::on_sqlite);
TYPE_TO_STRING_AS("PostgreSQL", orm_test::on_postgres);
TYPE_TO_STRING_AS("MariaDB", orm_test::on_mariadb);

// The databases of this build.
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

// Defines one test case per database, "name<SQLite>" and so on, with one body: `const backend& kind` is the database.
#define DATABASE_TEST_CASE(name) TEST_CASE_ON(name, DOCTEST_ANONYMOUS(database_test_), WEIR_DATABASES)
#define SERVER_TEST_CASE(name) TEST_CASE_ON(name, DOCTEST_ANONYMOUS(database_test_), WEIR_SERVERS)
#define TEST_CASE_ON(name, body, ...)                                                                                  \
    static void body(const orm_test::backend& kind);                                                                   \
    TEST_CASE_TEMPLATE(name, Database, __VA_ARGS__) { body(Database::kind); }                                          \
    static void body(const orm_test::backend& kind)
