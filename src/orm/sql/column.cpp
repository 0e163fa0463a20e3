// SPDX-License-Identifier: MIT
#include "orm/sql/marks.hpp"
#include <weir/orm/query/column.hpp>

namespace weir::orm::detail {

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
    for (const char character : text) {
        if (special.find(character) != std::string_view::npos) made += '!';
        made += character;
    }
    return made;
}

// Without ESCAPE a backslash escapes, except on SQLite; MySQL also treats it as an escape in a literal.
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

} // namespace weir::orm::detail
