// SPDX-License-Identifier: MIT
#include <weir/orm/selection.hpp>

namespace weir::orm {

namespace {

void append_where(fragment& made, const fragment& where) {
    if (where.sql.empty()) return;
    made.append(" WHERE ").append(where);
}

} // namespace

fragment select_rows(const table_info& table, const selection& wanted) {
    fragment made{table.select};
    append_where(made, wanted.where);
    if (!wanted.order.empty()) made.append(" ORDER BY ").append(wanted.order);
    // SQLite takes no OFFSET without a LIMIT.
    if (wanted.limit || wanted.offset)
        made.append(" LIMIT ").append(std::to_string(wanted.limit.value_or(std::numeric_limits<std::int64_t>::max())));
    if (wanted.offset) made.append(" OFFSET ").append(std::to_string(*wanted.offset));
    return made;
}

fragment select_count(const table_info& table, const selection& wanted) {
    fragment made{table.count};
    append_where(made, wanted.where);
    return made;
}

fragment select_exists(const table_info& table, const selection& wanted) {
    fragment made{"SELECT EXISTS(SELECT 1 FROM " + quoted(table.name)};
    append_where(made, wanted.where);
    made.append(")");
    return made;
}

fragment update_rows(const table_info& table, fragment assignments, const fragment& where) {
    fragment made{"UPDATE " + quoted(table.name) + " SET "};
    made.append(std::move(assignments));
    append_where(made, where);
    return made;
}

fragment erase_rows(const table_info& table, const fragment& where) {
    fragment made{"DELETE FROM " + quoted(table.name)};
    append_where(made, where);
    return made;
}

} // namespace weir::orm
