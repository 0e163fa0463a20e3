// SPDX-License-Identifier: MIT
#include "orm/dialect.hpp"
#include <weir/orm/migrate.hpp>
#include <weir/orm/operations.hpp>

#include <algorithm>

namespace weir::orm {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::string create_table(const dialect& speaks, const table_info& table) {
    std::string columns;
    for (const auto& column : table.columns)
        columns.append(columns.empty() ? "" : ", ").append(speaks.column_definition(table, column));
    return "CREATE TABLE " + quoted(table.name) + " (" + columns + ")" + speaks.table_options();
}

// Rows that are there already get the member's default.
std::string add_column(const dialect& speaks, const table_info& table, const column_info& column) {
    std::string statement =
        "ALTER TABLE " + quoted(table.name) + " ADD COLUMN " + speaks.column_definition(table, column);
    if (!column.has_default && !column.type->nullable()) statement += " DEFAULT " + speaks.literal(column);
    return statement;
}

std::string index_name(const table_info& table, const column_info& column) {
    return table.name + "_" + column.name + (column.unique ? "_unique" : "_index");
}

std::string create_index(const table_info& table, const column_info& column) {
    return std::string("CREATE ") + (column.unique ? "UNIQUE " : "") + "INDEX " + quoted(index_name(table, column)) +
           " ON " + quoted(table.name) + " (" + quoted(column.name) + ")";
}

} // namespace

result<std::vector<std::string>> plan_migration(session& s, const table_info& table) {
    const auto& speaks = s.dialect();
    const auto present = speaks.columns_of(s, table);
    if (!present) return present.error();
    const auto indexes = speaks.indexes_of(s, table);
    if (!indexes) return indexes.error();

    std::vector<std::string> plan;
    if (present->empty()) plan.push_back(create_table(speaks, table));
    for (const auto& column : table.columns) {
        if (!present->empty() && !contains(*present, column.name)) plan.push_back(add_column(speaks, table, column));
        const bool wants_index = (column.unique || column.indexed) && !column.key;
        if (wants_index && !contains(*indexes, index_name(table, column))) plan.push_back(create_index(table, column));
    }
    return plan;
}

result<void> migrate(session& s, const table_info& table) {
    return detail::atomically(s, [&]() -> result<void> {
        const auto& speaks = s.dialect();
        if (auto locked = speaks.lock_schema(s); !locked) return locked;
        struct guard {
            const dialect& speaks;
            session& s;
            ~guard() { speaks.unlock_schema(s); }
        } const unlocked_again{speaks, s};
        const auto plan = plan_migration(s, table);
        if (!plan) return plan.error();
        for (const auto& statement : *plan)
            if (auto done = s.execute(statement, {}); !done) return done.error();
        return ok();
    });
}

} // namespace weir::orm
