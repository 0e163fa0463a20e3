// SPDX-License-Identifier: MIT
#include "orm/sql/dialect.hpp"

#include "orm/sql/upsert.hpp"

namespace weir::orm {

namespace {

std::string names_of(const table_info& table, std::span<const std::size_t> columns) {
    std::string list;
    for (const std::size_t i : columns) list.append(list.empty() ? "" : ", ").append(quoted(table.columns[i].name));
    return list;
}

} // namespace

std::string dialect::column_definition(const table_info& table, const column_info& column) const {
    std::string made = quoted(column.name) + " " + storage(column);
    if (column.key && table.generated_key) return made + " " + generated_key();
    if (!column.type->nullable()) made += " NOT NULL";
    if (column.key) made += " PRIMARY KEY";
    if (column.has_default) made += " DEFAULT " + literal(column);
    return made;
}

std::string dialect::changed_by(const column_info& column, char by) const {
    return quoted(column.name) + " " + by + " ?";
}

std::string dialect::on_conflict(const table_info& table, std::span<const std::size_t> columns) const {
    std::string list;
    for (const std::size_t i : columns_to_replace(table, columns)) {
        const std::string name = quoted(table.columns[i].name);
        list.append(list.empty() ? "" : ", ").append(name).append(" = excluded.").append(name);
    }
    return " ON CONFLICT (" + names_of(table, columns) + ") DO UPDATE SET " + list;
}

fragment dialect::with_lists(fragment statement) const {
    statement.sql = without_list_marks(std::move(statement.sql));
    return statement;
}

} // namespace weir::orm
