// SPDX-License-Identifier: MIT
#include "orm/sqlite/sqlite_dialect.hpp"

#include "orm/sql/catalog_dialect.hpp"
#include "orm/sql/database_error.hpp"
#include "orm/sql/sql_text.hpp"
#include "orm/sqlite/sqlite_error.hpp"

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

// SQLite's affinity for a declared type (https://www.sqlite.org/datatype3.html#determination_of_column_affinity), by
// the names of storage().
std::string affinity_of(std::string declared) {
    std::string type = upper_case(std::move(declared));
    const auto has = [&type](const char* part) { return type.find(part) != std::string::npos; };
    if (has("INT")) return "INTEGER";
    if (has("CHAR") || has("CLOB") || has("TEXT")) return "TEXT";
    if (has("REAL") || has("FLOA") || has("DOUB")) return "REAL";
    return type;
}

std::vector<std::string> names_of_constraints(std::string_view statement) {
    constexpr std::string_view word = "CONSTRAINT ";
    std::vector<std::string> names;
    for (std::size_t at = statement.find(word); at != std::string_view::npos; at = statement.find(word, at)) {
        at += word.size();
        const bool in_quotes = statement[at] == '"';
        const std::size_t begin = at + (in_quotes ? 1 : 0);
        const std::size_t end = statement.find(in_quotes ? '"' : ' ', begin);
        names.emplace_back(statement.substr(begin, end - begin));
    }
    return names;
}

constexpr catalog_queries sqlite_catalog{
    .columns = "SELECT name, type, \"notnull\" = 0, dflt_value IS NOT NULL OR pk > 0 FROM pragma_table_info(?)",
    .indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?",
    .constraints = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?",
    .ddl_type = affinity_of};

class sqlite_spelling final : public catalog_dialect {
public:
    sqlite_spelling() noexcept : catalog_dialect(sqlite_catalog) {}

    std::string storage(const column_info& column) const override { return storage_name(column.type->kind); }

    // A writing transaction excludes all others: nothing is left to lock.
    std::string_view lock_clause(if_locked) const override { return ""; }

    const char* select_now() const override {
        return "SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000"; // in milliseconds
    }

    // AUTOINCREMENT: the id of an erased row is never reused.
    const char* generated_key() const override { return "PRIMARY KEY AUTOINCREMENT"; }

    // SQLite keeps constraints only in the SQL of the table's statement.
    result<std::vector<std::string>> constraints_of(session& s, const table_info& table) const override {
        const auto made = catalog_dialect::constraints_of(s, table);
        if (!made) return made.error();
        return made->empty() ? std::vector<std::string>() : names_of_constraints(made->front());
    }

    bool widens(std::string_view, std::string_view) const override { return false; } // lengths aren't stored
    std::vector<std::string> widen(const table_info&, const column_info&, const present_column&,
                                   std::string_view) const override {
        return {};
    }
    bool adds_constraints() const override { return false; }

    std::string changed_by(const column_info& column, char by) const override {
        return (by == '+' ? "weir_add(" : "weir_subtract(") + quoted(column.name) + ", ?)";
    }

    // A writing transaction excludes all others, and statement_timeout may be shorter than busy_timeout.
    bool is_locked_out(const error& why) const override {
        return sqlite_is_locked(why) || why.message() == statement_too_slow().message();
    }
};

} // namespace

const dialect& sqlite_dialect() noexcept {
    static const sqlite_spelling instance;
    return instance;
}

} // namespace weir::orm
