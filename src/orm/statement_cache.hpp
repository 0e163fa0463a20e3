// SPDX-License-Identifier: MIT
#pragma once

#include "orm/exchange.hpp"

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::orm {

// The statement with SOCI's names, `:v1`, `:v2`, in the place of its question marks.
std::string with_named_values(std::string_view sql);

// A prepared statement with its into and use elements, which SOCI owns.
struct prepared {
    explicit prepared(soci::session& s) : statement(s) {}

    std::string sql{};
    soci::statement statement;
    std::vector<column_into*> outs{};
    std::vector<argument_use*> ins{};
};

// The prepared statements of one connection by their text; the one unused for longest makes room.
class statement_cache {
public:
    statement_cache(soci::session& s, const exchange_style& style, std::size_t capacity = 256)
        : session_(s), style_(style), capacity_(capacity) {}

    // The statement, prepared now if need be. Throws what SOCI throws; nothing is kept then.
    prepared& take(std::string_view sql, std::size_t ins, std::size_t outs);

    void clear();

private:
    using entries = std::list<prepared>;

    entries::iterator prepare(std::string_view sql, std::size_t ins, std::size_t outs);
    void forget_oldest();

    soci::session& session_;
    const exchange_style& style_;
    std::size_t capacity_;
    entries recent_; // newest first
    std::unordered_map<std::string_view, entries::iterator> by_text_;
};

} // namespace weir::orm
