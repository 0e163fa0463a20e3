// SPDX-License-Identifier: MIT
#include "orm/sql/catalog_dialect.hpp"

#include <weir/orm/detail/operations.hpp>

namespace weir::orm {

result<std::vector<present_column>> catalog_dialect::columns_of(session& s, const table_info& table) const {
    auto columns = detail::query_rows<present_column>(s, detail::statement(queries_.columns, table.name));
    if (columns)
        for (auto& column : *columns) column.type = queries_.ddl_type(std::move(column.type));
    return columns;
}

result<std::vector<std::string>> catalog_dialect::indexes_of(session& s, const table_info& table) const {
    return detail::query_rows<std::string>(s, detail::statement(queries_.indexes, table.name));
}

result<std::vector<std::string>> catalog_dialect::constraints_of(session& s, const table_info& table) const {
    return detail::query_rows<std::string>(s, detail::statement(queries_.constraints, table.name));
}

} // namespace weir::orm
