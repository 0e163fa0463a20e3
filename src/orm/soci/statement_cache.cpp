// SPDX-License-Identifier: MIT
#include "orm/soci/statement_cache.hpp"

#include <algorithm>
#include <iterator>

namespace weir::orm {

void require_columns(std::size_t columns, std::size_t members) {
    if (columns != members)
        throw binding_error(errc::invalid_argument, "the query's columns don't match the members of its row");
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
    if (entry->outdated || entry->ins.size() != ins || entry->outs.size() != outs) {
        forget(entry);
        return lease(*prepare(sql, ins, outs));
    }
    recent_.splice(recent_.begin(), recent_, entry);
    return lease(*entry);
}

void statement_cache::outdate() noexcept {
    for (prepared& one : recent_) one.outdated = true;
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
    if (sql.find('\0') != std::string_view::npos) // no driver would see the rest
        throw binding_error(errc::invalid_argument, "a statement with the character U+0000 can't be run");
    auto parts = split_at_values(sql, style_.syntax);
    if (parts.size() - 1 != ins)
        throw binding_error(errc::invalid_argument, "a statement with " + std::to_string(parts.size() - 1) +
                                                        " question marks was given " + std::to_string(ins) + " values");
    if (ins > style_.most_values)
        throw binding_error(errc::invalid_argument, "a statement takes " + std::to_string(style_.most_values) +
                                                        " values at most and was given " + std::to_string(ins));
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
        style_.prepare(entry.statement, entry.sql, std::move(parts));
    else
        entry.statement.prepare(entry.sql);
    if (outs > 0 && style_.columns)
        if (const auto columns = style_.columns(entry.statement, entry.sql)) require_columns(*columns, outs);
    entry.statement.define_and_bind();
}

// False if all are running.
bool statement_cache::forget_oldest() {
    const auto oldest =
        std::find_if(recent_.rbegin(), recent_.rend(), [](const prepared& one) { return !one.running; });
    if (oldest == recent_.rend()) return false;
    forget(std::next(oldest).base());
    return true;
}

// Deallocating a statement that the server doesn't know would fail the transaction.
void statement_cache::forget(entries::iterator entry) {
    if (entry->outdated && style_.abandon) style_.abandon(*entry->statement.get_backend());
    by_text_.erase(entry->sql);
    recent_.erase(entry);
}

} // namespace weir::orm
