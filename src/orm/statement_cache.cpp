// SPDX-License-Identifier: MIT
#include "orm/statement_cache.hpp"

#include <algorithm>
#include <iterator>

namespace weir::orm {

namespace {

// Where what begins here ends, if SQL means something of its own by it: a text, an identifier, a comment.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
    const auto behind = [&](std::string_view mark, std::size_t from) {
        const std::size_t found = sql.find(mark, from);
        return found == std::string_view::npos ? sql.size() : found + mark.size();
    };
    if (sql.substr(at, 2) == "--") return behind("\n", at);
    if (sql.substr(at, 2) == "/*") return behind("*/", at + 2);
    if (sql[at] == '\'' || sql[at] == '"' || sql[at] == '`') return behind(sql.substr(at, 1), at + 1);
    return at;
}

// Calls `quoted` for each piece that SQL keeps as it is, `plain` for each other character.
template<class Quoted, class Plain>
void walk(std::string_view sql, Quoted quoted, Plain plain) {
    for (std::size_t at = 0; at < sql.size();) {
        const std::size_t end = end_of_quoted(sql, at);
        if (end == at)
            plain(sql[at++]);
        else
            quoted(sql.substr(at, end - at));
        at = std::max(at, end);
    }
}

bool is_comment(std::string_view piece) { return piece.starts_with("--") || piece.starts_with("/*"); }

} // namespace

std::string with_named_values(std::string_view sql) {
    std::string made;
    made.reserve(sql.size() + 16);
    std::size_t values = 0;
    walk(
        sql, [&](std::string_view piece) { made += piece; },
        [&](char one) {
            if (one == '?')
                made.append(":v").append(std::to_string(++values));
            else
                made += one;
        });
    return made;
}

std::size_t values_in(std::string_view sql) {
    std::size_t values = 0;
    walk(
        sql, [](std::string_view) {}, [&](char one) { values += one == '?' ? 1 : 0; });
    return values;
}

bool says_nothing(std::string_view sql) {
    constexpr std::string_view nothing = " \t\r\n;";
    bool silent = true;
    walk(
        sql, [&](std::string_view piece) { silent = silent && is_comment(piece); },
        [&](char one) { silent = silent && nothing.find(one) != nothing.npos; });
    return silent;
}

statement_cache::lease statement_cache::take(std::string_view sql, std::size_t ins, std::size_t outs) {
    const auto known = by_text_.find(sql);
    if (known == by_text_.end()) return lease(*prepare(sql, ins, outs));
    const auto entry = known->second;
    if (entry->running) {
        auto another = std::make_unique<prepared>(session_);
        fill(*another, sql, ins, outs);
        return lease(std::move(another));
    }
    if (entry->ins.size() != ins || entry->outs.size() != outs) {
        by_text_.erase(known);
        recent_.erase(entry);
        return lease(*prepare(sql, ins, outs));
    }
    recent_.splice(recent_.begin(), recent_, entry);
    return lease(*entry);
}

statement_cache::entries::iterator statement_cache::prepare(std::string_view sql, std::size_t ins, std::size_t outs) {
    while (recent_.size() >= capacity_ && forget_oldest()) {
    }
    entries made;
    fill(made.emplace_front(session_), sql, ins, outs);
    by_text_.emplace(made.front().sql, made.begin());
    recent_.splice(recent_.begin(), made);
    return recent_.begin();
}

void statement_cache::fill(prepared& entry, std::string_view sql, std::size_t ins, std::size_t outs) {
    if (const std::size_t marks = values_in(sql); marks != ins)
        throw exchange_error(errc::invalid_argument, "a statement with " + std::to_string(marks) +
                                                         " question marks was given " + std::to_string(ins) +
                                                         " values");
    entry.sql = sql;
    entry.statement.alloc();
    for (std::size_t i = 0; i < outs; ++i) {
        entry.outs.push_back(new column_into(style_));
        entry.statement.exchange(soci::details::into_type_ptr(entry.outs.back()));
    }
    for (std::size_t i = 0; i < ins; ++i) {
        entry.ins.push_back(new argument_use(style_));
        entry.statement.exchange(soci::details::use_type_ptr(entry.ins.back()));
    }
    if (style_.prepare)
        style_.prepare(entry.statement, entry.sql);
    else
        entry.statement.prepare(style_.named_values ? with_named_values(entry.sql) : entry.sql);
    entry.statement.define_and_bind();
}

// False when all are running.
bool statement_cache::forget_oldest() {
    const auto oldest =
        std::find_if(recent_.rbegin(), recent_.rend(), [](const prepared& one) { return !one.running; });
    if (oldest == recent_.rend()) return false;
    by_text_.erase(oldest->sql);
    recent_.erase(std::next(oldest).base());
    return true;
}

} // namespace weir::orm
