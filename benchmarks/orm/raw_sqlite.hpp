// SPDX-License-Identifier: MIT
#pragma once

#include "orm/statements.hpp"

#include <sqlite3.h>

#include <map>

namespace orm_bench {

/// SQLite's C interface: prepared statements, no copies of bound values.
class raw_sqlite {
public:
    static constexpr const char* begin = "BEGIN IMMEDIATE";

    explicit raw_sqlite(const std::string& path) {
        if (sqlite3_open(path.c_str(), &connection_) != SQLITE_OK) fail();
        plain("PRAGMA journal_mode=WAL");
        plain("PRAGMA synchronous=NORMAL");
        plain("PRAGMA foreign_keys=ON");
    }
    raw_sqlite(const raw_sqlite&) = delete;
    raw_sqlite& operator=(const raw_sqlite&) = delete;
    ~raw_sqlite() {
        for (const auto& [name, statement] : statements_) sqlite3_finalize(statement);
        sqlite3_close(connection_);
    }

    void prepare(const std::string& name, const std::string& sql) {
        if (sqlite3_prepare_v3(connection_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statements_[name], nullptr) !=
            SQLITE_OK)
            fail();
    }

    void bind(std::int64_t number) { values_.push_back({number, 0, nullptr}); }
    void bind(int number) { bind(static_cast<std::int64_t>(number)); }
    void bind(double number) { values_.push_back({0, number, nullptr, true}); }
    void bind(const std::string& text) { values_.push_back({0, 0, &text}); }

    template<class F>
    void rows(const char* name, F each) {
        begin_statement(name);
        int state = sqlite3_step(running_);
        for (; state == SQLITE_ROW; state = sqlite3_step(running_)) each();
        if (state != SQLITE_DONE) fail();
        sqlite3_reset(running_);
    }

    std::size_t change(const char* name) {
        rows(name, [] {});
        return static_cast<std::size_t>(sqlite3_changes(connection_));
    }

    void plain(const char* sql) {
        if (sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
    }

    std::int64_t integer(int column) const { return sqlite3_column_int64(running_, column); }
    double real(int column) const { return sqlite3_column_double(running_, column); }
    std::string text(int column) const {
        const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(running_, column));
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(running_, column))};
    }

private:
    struct value {
        std::int64_t integer = 0;
        double real = 0;
        const std::string* text = nullptr;
        bool is_real = false;
    };

    void begin_statement(const char* name) {
        running_ = statements_.at(name);
        int position = 0;
        for (const value& one : values_) bind_value(++position, one);
        values_.clear();
    }

    void bind_value(int position, const value& one) {
        if (one.text)
            sqlite3_bind_text(running_, position, one.text->data(), static_cast<int>(one.text->size()), SQLITE_STATIC);
        else if (one.is_real)
            sqlite3_bind_double(running_, position, one.real);
        else
            sqlite3_bind_int64(running_, position, one.integer);
    }

    [[noreturn]] void fail() const { throw std::runtime_error(sqlite3_errmsg(connection_)); }

    sqlite3* connection_ = nullptr;
    std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
    sqlite3_stmt* running_ = nullptr;
    std::vector<value> values_;
};

} // namespace orm_bench
