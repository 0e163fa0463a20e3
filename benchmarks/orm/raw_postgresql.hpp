// SPDX-License-Identifier: MIT
#pragma once

#include "orm/statements.hpp"

#include <cstdlib>
#include <libpq-fe.h>
#include <memory>

namespace orm_bench {

/// libpq used with as few calls as possible: prepared statements, text parameters and results.
class raw_postgresql {
public:
    static constexpr const char* begin = "BEGIN";

    explicit raw_postgresql(const std::string& url) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
        if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
    }

    void prepare(const char* name, const std::string& sql) {
        take(PQprepare(connection_.get(), name, numbered(sql, "$").c_str(), 0, nullptr));
    }

    void bind(std::int64_t number) { kept_.push_back(std::to_string(number)); }
    void bind(int number) { kept_.push_back(std::to_string(number)); }
    void bind(double number) {
        char digits[32];
        std::snprintf(digits, sizeof digits, "%.17g", number);
        kept_.emplace_back(digits);
    }
    void bind(const std::string& text) { kept_.push_back(text); }

    template<class F>
    void rows(const char* name, F each) {
        execute(name);
        const int count = PQntuples(result_.get());
        for (row_ = 0; row_ < count; ++row_) each();
    }

    std::size_t change(const char* name) {
        execute(name);
        return std::strtoull(PQcmdTuples(result_.get()), nullptr, 10);
    }

    void plain(const char* sql) { take(PQexec(connection_.get(), sql)); }

    std::int64_t integer(int column) const {
        return std::strtoll(PQgetvalue(result_.get(), row_, column), nullptr, 10);
    }
    double real(int column) const { return std::strtod(PQgetvalue(result_.get(), row_, column), nullptr); }
    std::string text(int column) const {
        return {PQgetvalue(result_.get(), row_, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
    }

private:
    void execute(const char* name) {
        values_.clear();
        for (const std::string& one : kept_) values_.push_back(one.c_str());
        take(PQexecPrepared(
            connection_.get(), name, static_cast<int>(values_.size()), values_.data(), nullptr, nullptr, 0));
        kept_.clear();
    }

    void take(PGresult* got) {
        result_.reset(got);
        const auto status = PQresultStatus(got);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail();
    }

    [[noreturn]] void fail() const { throw std::runtime_error(PQerrorMessage(connection_.get())); }

    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
    std::unique_ptr<PGresult, decltype(&PQclear)> result_{nullptr, &PQclear};
    std::vector<std::string> kept_;
    std::vector<const char*> values_;
    int row_ = 0;
};

} // namespace orm_bench
