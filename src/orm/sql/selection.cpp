// SPDX-License-Identifier: MIT
#include "orm/sql/dialect.hpp"
#include "orm/sql/marks.hpp"
#include <weir/orm/query/selection.hpp>

namespace weir::orm {

namespace {

// Builds a query's SQL, with or without table names.
class writer {
public:
    writer(std::string begin, bool with_tables) : made_{std::move(begin)}, with_tables_(with_tables) {}

    writer& plain(std::string_view text) {
        made_.append(text);
        return *this;
    }

    writer& marked(std::string_view sql) {
        made_.sql += resolved(sql, with_tables_);
        return *this;
    }

    writer& clause(std::string_view word, const fragment& part) {
        if (part.sql.empty()) return *this;
        plain(word).marked(part.sql);
        made_.has_lists = made_.has_lists || part.has_lists;
        made_.values.insert(made_.values.end(), part.values.begin(), part.values.end());
        return *this;
    }

    fragment done() { return std::move(made_); }

private:
    fragment made_;
    bool with_tables_;
};

void write_order(writer& to, const std::vector<order_term>& order, null_order nulls) {
    std::string_view word = " ORDER BY ";
    for (const order_term& term : order) {
        const bool nulls_first = term.nullable && term.descending == nulls.largest; // by default
        to.plain(word);
        if (nulls_first && !nulls.takes_words) to.marked(term.sql).plain(" IS NULL, ");
        to.marked(term.sql).plain(term.descending ? " DESC" : "");
        if (nulls_first && nulls.takes_words) to.plain(" NULLS LAST");
        word = ", ";
    }
}

void write_bounds(writer& to, const selection& wanted) {
    // SQLite has no OFFSET without a LIMIT.
    if (wanted.limit || wanted.offset)
        to.plain(" LIMIT ").plain(std::to_string(wanted.limit.value_or(std::numeric_limits<std::int64_t>::max())));
    if (wanted.offset) to.plain(" OFFSET ").plain(std::to_string(*wanted.offset));
}

fragment finish(writer to, const selection& wanted, null_order nulls) {
    to.clause("", wanted.joins).clause(" WHERE ", wanted.where);
    if (!wanted.groups.empty()) to.plain(" GROUP BY ").marked(wanted.groups);
    to.clause(" HAVING ", wanted.having);
    write_order(to, wanted.order, nulls);
    write_bounds(to, wanted);
    return to.done();
}

bool joins(const selection& wanted) { return !wanted.joins.sql.empty(); }

std::string all_columns(const table_info& table) {
    std::string list;
    for (const auto& column : table.columns)
        list.append(list.empty() ? "" : ", ").append(detail::marked(table.name, column.name));
    return list;
}

} // namespace

selection::selection() noexcept = default;
selection::selection(const selection& other) = default;
selection::selection(selection&& other) noexcept = default;
selection& selection::operator=(const selection& other) = default;
selection& selection::operator=(selection&& other) noexcept = default;
selection::~selection() = default;

std::string without_list_marks(std::string sql) {
    std::erase(sql, list_begin.front());
    return sql;
}

void add_order(std::vector<order_term>& to, order_term further) { to.push_back(std::move(further)); }

void add_condition(fragment& to, fragment further) {
    to = to.sql.empty() ? std::move(further) : detail::both(std::move(to), " AND ", std::move(further));
}

void add_group(std::string& to, std::string_view column) { to.append(to.empty() ? "" : ", ").append(column); }

void add_join(selection& to, std::string_view word, std::string_view table, fragment on) {
    to.joins.append(word).append(quoted(table)).append(" ON ").append(std::move(on));
}

fragment select_rows(const table_info& table, const selection& wanted, null_order nulls) {
    if (joins(wanted)) return select_columns(table, all_columns(table), wanted, nulls);
    return finish(writer(table.select, false), wanted, nulls);
}

fragment select_rows(const session& s, const table_info& table, const selection& wanted) {
    return select_rows(table, wanted, s.dialect().nulls());
}

fragment select_columns(const session& s, const table_info& table, std::string_view columns, const selection& wanted) {
    return select_columns(table, columns, wanted, s.dialect().nulls());
}

fragment select_columns(const table_info& table, std::string_view columns, const selection& wanted, null_order nulls) {
    writer to("SELECT ", joins(wanted));
    to.marked(columns).plain(" FROM ").plain(quoted(table.name));
    return finish(std::move(to), wanted, nulls);
}

fragment select_count(const table_info& table, const selection& wanted) {
    return writer(table.count, joins(wanted)).clause("", wanted.joins).clause(" WHERE ", wanted.where).done();
}

fragment select_aggregate(const table_info& table, std::string_view aggregate, selection wanted) {
    wanted.order.clear();
    wanted.limit.reset();
    wanted.offset.reset();
    return select_columns(table, aggregate, wanted);
}

fragment select_exists(const table_info& table, const selection& wanted) {
    return writer("SELECT EXISTS(SELECT 1 FROM " + quoted(table.name), false)
        .clause(" WHERE ", wanted.where)
        .plain(")")
        .done();
}

fragment update_rows(const dialect& spelling, const table_info& table, std::span<const change> changes,
                     const fragment& where) {
    fragment assignments;
    for (const change& one : changes) {
        const column_info& column = column_named(table, one.column);
        assignments.append(assignments.sql.empty() ? "" : ", ").append(quoted(column.name)).append(" = ");
        assignments.append(one.by == '=' ? "?" : spelling.changed_by(column, one.by)).values.push_back(one.operand);
    }
    return writer("UPDATE " + quoted(table.name) + " SET ", false)
        .clause("", assignments)
        .clause(" WHERE ", where)
        .done();
}

fragment erase_rows(const table_info& table, const fragment& where) {
    return writer("DELETE FROM " + quoted(table.name), false).clause(" WHERE ", where).done();
}

} // namespace weir::orm
