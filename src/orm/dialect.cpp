// SPDX-License-Identifier: MIT
#include "orm/dialect.hpp"

namespace weir::orm {

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

fragment dialect::with_lists(fragment statement) const {
    statement.sql = without_list_marks(std::move(statement.sql));
    return statement;
}

} // namespace weir::orm
