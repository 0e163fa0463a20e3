// SPDX-License-Identifier: MIT
#include "orm/sqlite_dialect.hpp"

#include <weir/orm/operations.hpp>

namespace weir::orm {

namespace {

const char* storage_name(column_kind kind) {
    switch (kind) {
    case column_kind::integer:
    case column_kind::boolean:
        return "INTEGER";
    case column_kind::real:
        return "REAL";
    case column_kind::text:
    case column_kind::time:
    case column_kind::enumeration:
        return "TEXT";
    }
    return "TEXT";
}

class sqlite_spelling final : public dialect {
public:
    std::string column_definition(const table_info& table, const column_info& column) const override {
        std::string made = quoted(column.name) + " " + storage_name(column.type->kind);
        // AUTOINCREMENT: the id of a row that was erased is never given to another.
        if (column.key && table.generated_key) return made + " PRIMARY KEY AUTOINCREMENT";
        if (!column.type->nullable()) made += " NOT NULL";
        if (column.key) made += " PRIMARY KEY";
        if (column.has_default) made += " DEFAULT " + literal(column);
        return made;
    }

    // A transaction that writes excludes all others: nothing is left to lock.
    std::string_view lock_clause(if_locked) const override { return ""; }

    result<std::vector<std::string>> columns_of(session& s, const table_info& table) const override {
        return detail::query_rows<std::string>(s,
                                               detail::statement("SELECT name FROM pragma_table_info(?)", table.name));
    }

    result<std::vector<std::string>> indexes_of(session& s, const table_info& table) const override {
        return detail::query_rows<std::string>(
            s, detail::statement("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", table.name));
    }
};

} // namespace

const dialect& sqlite_dialect() noexcept {
    static const sqlite_spelling instance;
    return instance;
}

} // namespace weir::orm
