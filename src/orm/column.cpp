// SPDX-License-Identifier: MIT
#include <weir/orm/selection.hpp>

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

fragment& fragment::append(std::string_view text) { return sql += text, *this; }

fragment& fragment::append(fragment other) {
    sql += other.sql;
    has_lists = has_lists || other.has_lists;
    values.insert(values.end(), std::make_move_iterator(other.values.begin()),
                  std::make_move_iterator(other.values.end()));
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

fragment compare(std::string_view column, std::string_view word, value right) {
    fragment made{std::string(column)};
    made.append(word).append("?");
    made.values.push_back(std::move(right));
    return made;
}

fragment is_among(std::string_view column, std::vector<value> values) {
    if (values.empty()) return fragment{"1 = 0"};
    fragment made{std::string(column)};
    made.append(" IN ").append(list_begin).append("?");
    for (std::size_t i = 1; i < values.size(); ++i) made.append(", ?");
    made.append(list_end);
    made.has_lists = true;
    made.values = std::move(values);
    return made;
}

fragment is_between(std::string_view column, value low, value high) {
    fragment made{std::string(column)};
    made.append(" BETWEEN ? AND ?");
    made.values.push_back(std::move(low));
    made.values.push_back(std::move(high));
    return made;
}

namespace {

std::string escaped(std::string_view text, std::string_view special) {
    std::string made;
    for (const char letter : text) {
        if (special.find(letter) != std::string_view::npos) made += '!';
        made += letter;
    }
    return made;
}

// Without ESCAPE a backslash would be one, and on SQLite it would be none; MySQL takes one in a literal for an escape
// of its own.
fragment like(std::string_view column, std::string pattern) {
    auto made = compare(column, " LIKE ", std::move(pattern));
    made.append(" ESCAPE '!'");
    return made;
}

} // namespace

fragment like_pattern(std::string_view column, std::string_view pattern) { return like(column, escaped(pattern, "!")); }

fragment like_text(std::string_view column, std::string_view before, std::string_view text, std::string_view after) {
    return like(column, std::string(before).append(escaped(text, "%_!")).append(after));
}

fragment like_text_in_any_case(std::string_view column, std::string_view text) {
    fragment made{"lower("};
    made.append(column).append(") LIKE lower(?) ESCAPE '!'");
    made.values.emplace_back("%" + escaped(text, "%_!") + "%");
    return made;
}

} // namespace detail

} // namespace weir::orm
