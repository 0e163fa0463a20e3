// SPDX-License-Identifier: MIT
#include "orm_postgresql/postgres_array.hpp"

#include "orm/sql/marks.hpp"
#include "orm/sql/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <span>

namespace weir::orm {

namespace {

void append_quoted(std::string& to, std::string_view text) {
    to += '"';
    for (const char character : text) {
        if (character == '"' || character == '\\') to += '\\';
        to += character;
    }
    to += '"';
}

bool append_printed(std::string& to, const argument& one) {
    std::string text;
    if (!one.type->print(one.data, text)) return false;
    append_quoted(to, text);
    return true;
}

bool append_real(std::string& to, double number) {
    if (!std::isfinite(number)) return false;
    fmt::format_to(std::back_inserter(to), "{}", number);
    return true;
}

bool append_whole(std::string& to, const argument& one) {
    std::int64_t number = 0;
    if (!one.type->load(one.data, number)) return false;
    fmt::format_to(std::back_inserter(to), "{}", number);
    return true;
}

// False if the value can't be stored.
bool append_element(std::string& to, const argument& one) {
    if (!one.type) {
        to += "NULL";
        return true;
    }
    switch (one.type->kind) {
    case column_kind::integer:
    case column_kind::boolean:
        return append_whole(to, one);
    case column_kind::real:
        return append_real(to, *static_cast<const double*>(one.data));
    case column_kind::time:
    case column_kind::enumeration:
        return append_printed(to, one);
    case column_kind::text:
        break;
    }
    append_quoted(to, *static_cast<const std::string*>(one.data));
    return true;
}

// PostgreSQL's array syntax (https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO).
std::optional<std::string> array_of(std::span<const value> elements) {
    std::string made = "{";
    for (const value& one : elements) {
        if (made.size() > 1) made += ',';
        if (!append_element(made, one.bound())) return std::nullopt;
    }
    made += '}';
    return made;
}

constexpr std::string_view before_list = " IN ";

// The number of values of a list; `parts` are the pieces after its first value.
std::size_t list_size(std::span<const std::string> parts) {
    const auto last = std::ranges::find_if(parts, [](const std::string& part) { return part.starts_with(list_end); });
    return static_cast<std::size_t>(last - parts.begin()) + 1;
}

void append_list(fragment& to, std::span<const value> elements) {
    if (auto array = array_of(elements)) {
        to.append(" = ANY(?)");
        to.values.emplace_back(std::move(*array));
        return;
    }
    to.append(" IN (?");
    for (std::size_t i = 1; i < elements.size(); ++i) to.append(", ?");
    to.append(")");
    to.values.insert(to.values.end(), elements.begin(), elements.end());
}

} // namespace

fragment with_arrays(const fragment& statement) {
    const auto parts = split_at_values(statement.sql, postgres_syntax);
    const std::span<const value> values(statement.values);
    fragment made;
    std::string_view part = parts.front(); // the piece before a value
    for (std::size_t next = 0;;) {
        if (part.ends_with(list_begin)) {
            part.remove_suffix(list_begin.size() + before_list.size());
            const std::size_t size = list_size(std::span(parts).subspan(next + 1));
            append_list(made.append(part), values.subspan(next, size));
            next += size;
            part = std::string_view(parts[next]).substr(list_end.size());
            continue;
        }
        made.append(part);
        if (next == values.size()) return made;
        made.append("?").values.push_back(values[next]);
        part = parts[++next];
    }
}

} // namespace weir::orm
