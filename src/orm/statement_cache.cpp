// SPDX-License-Identifier: MIT
#include "orm/statement_cache.hpp"

namespace weir::orm {

prepared& statement_cache::take(std::string_view sql, std::size_t ins, std::size_t outs) {
    const auto known = by_text_.find(sql);
    if (known == by_text_.end()) return *prepare(sql, ins, outs);
    const auto entry = known->second;
    if (entry->ins.size() != ins || entry->outs.size() != outs) {
        by_text_.erase(known);
        recent_.erase(entry);
        return *prepare(sql, ins, outs);
    }
    recent_.splice(recent_.begin(), recent_, entry);
    return *entry;
}

statement_cache::entries::iterator statement_cache::prepare(std::string_view sql, std::size_t ins, std::size_t outs) {
    if (recent_.size() >= capacity_) forget_oldest();
    entries made;
    prepared& entry = made.emplace_front(session_);
    entry.sql = sql;
    entry.statement.alloc();
    for (std::size_t i = 0; i < outs; ++i) {
        entry.outs.push_back(new column_into);
        entry.statement.exchange(soci::details::into_type_ptr(entry.outs.back()));
    }
    for (std::size_t i = 0; i < ins; ++i) {
        entry.ins.push_back(new argument_use);
        entry.statement.exchange(soci::details::use_type_ptr(entry.ins.back()));
    }
    entry.statement.prepare(entry.sql);
    entry.statement.define_and_bind();
    by_text_.emplace(entry.sql, made.begin());
    recent_.splice(recent_.begin(), made);
    return recent_.begin();
}

void statement_cache::forget_oldest() {
    by_text_.erase(recent_.back().sql);
    recent_.pop_back();
}

void statement_cache::clear() {
    by_text_.clear();
    recent_.clear();
}

} // namespace weir::orm
