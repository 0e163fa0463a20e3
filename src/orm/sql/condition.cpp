// SPDX-License-Identifier: MIT
#include "orm/sql/marks.hpp"
#include <weir/orm/detail/table.hpp>
#include <weir/orm/query/condition.hpp>

#include <iterator>

namespace weir::orm {

fragment::fragment() noexcept = default;
fragment::fragment(std::string text) noexcept : sql(std::move(text)) {}
fragment::fragment(std::string text, std::vector<value> bound) noexcept
    : sql(std::move(text)), values(std::move(bound)) {}
fragment::fragment(const fragment& other) = default;
fragment::fragment(fragment&& other) noexcept = default;
fragment& fragment::operator=(const fragment& other) = default;
fragment& fragment::operator=(fragment&& other) noexcept = default;
fragment::~fragment() = default;

fragment& fragment::append(std::string_view text) {
    sql += text;
    return *this;
}

fragment& fragment::append(fragment other) {
    sql += other.sql;
    has_lists = has_lists || other.has_lists;
    values.insert(
        values.end(), std::make_move_iterator(other.values.begin()), std::make_move_iterator(other.values.end()));
    return *this;
}

namespace detail {

fragment both(fragment left, std::string_view word, fragment right) {
    fragment made{"("};
    made.append(std::move(left)).append(word).append(std::move(right)).append(")");
    return made;
}

fragment negated(fragment inner) {
    fragment made{"NOT ("};
    made.append(std::move(inner)).append(")");
    return made;
}

std::string marked(std::string_view table, std::string_view column) {
    return table_mark + quoted(table) + "." + table_mark + quoted(column);
}

std::string with_table(std::string sql, std::string_view from, std::string_view to) {
    const std::string before = table_mark + quoted(from) + "." + table_mark;
    const std::string after = table_mark + quoted(to) + "." + table_mark;
    for (std::size_t at = sql.find(before); at != std::string::npos; at = sql.find(before, at + after.size()))
        sql.replace(at, before.size(), after);
    return sql;
}

} // namespace detail

} // namespace weir::orm
