// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_dialect.hpp"

#include "orm/sql/catalog_dialect.hpp"
#include "orm/sql/sql_text.hpp"
#include "orm/sql/upsert.hpp"
#include "orm/sql/widening.hpp"
#include <weir/orm/detail/operations.hpp>

#include <fmt/format.h>

namespace weir::orm {

namespace {

// Calls GET_LOCK or RELEASE_LOCK. Lock names are shared by all databases of a server, and must be short.
fragment call_with_lock(std::string_view function, std::string_view more = "") {
    return detail::statement(
        fmt::format("SELECT coalesce({}(concat('weir schema ', md5(coalesce(DATABASE(), ''))){}), 0)", function, more));
}

// Longer strings would overflow the row, whose columns share 65,535 bytes: LONGTEXT is stored outside it.
constexpr std::size_t most_in_row = 16'000;

std::string text_name(const column_info& column) {
    const bool in_row = column.in_index || (column.max_length != 0 && column.max_length <= most_in_row);
    return in_row ? "VARCHAR(" + std::to_string(column.max_length) + ")" : "LONGTEXT";
}

std::string storage_name(const column_info& column) {
    switch (column.type->kind) {
    case column_kind::integer:
        return "BIGINT";
    case column_kind::boolean:
        return "BOOLEAN";
    case column_kind::real:
        return "DOUBLE";
    case column_kind::time:
        return "DATETIME(6)";
    case column_kind::enumeration:
        return "VARCHAR(64)";
    case column_kind::text:
        return text_name(column);
    }
    return "LONGTEXT";
}

// "varchar(200)" -> "VARCHAR(200)"; drops the display widths of integers, which mean nothing.
std::string ddl_type(std::string type) {
    if (type == "tinyint(1)") return "BOOLEAN";
    type = upper_case(std::move(type));
    const std::size_t width = type.find("INT(");
    if (width != std::string::npos) type.erase(width + 3, type.find(')') - width - 2);
    return type;
}

constexpr catalog_queries mysql_catalog{
    .columns = "SELECT column_name, column_type, is_nullable = 'YES', column_default IS NOT NULL "
               "OR extra LIKE '%auto_increment%' FROM information_schema.columns "
               "WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
    .indexes = "SELECT DISTINCT index_name FROM information_schema.statistics "
               "WHERE table_schema = DATABASE() AND table_name = ?",
    .constraints = "SELECT constraint_name FROM information_schema.table_constraints "
                   "WHERE table_schema = DATABASE() AND table_name = ?",
    .ddl_type = ddl_type};

class mysql_spelling final : public catalog_dialect {
public:
    explicit mysql_spelling(const char* collation) : catalog_dialect(mysql_catalog), collation_(collation) {}

    std::string storage(const column_info& column) const override { return storage_name(column); }
    const char* generated_key() const override { return "AUTO_INCREMENT PRIMARY KEY"; }

    bool widens(std::string_view from, std::string_view to) const override {
        static constexpr known_storage known[] = {
            {"TINYINT", 0, 0},  {"SMALLINT", 0, 1}, {"MEDIUMINT", 0, 2},  {"INT", 0, 3},
            {"BIGINT", 0, 4},   {"FLOAT", 1, 0},    {"DOUBLE", 1, 1},     {"VARCHAR", 2, 0},
            {"TINYTEXT", 2, 0}, {"TEXT", 2, 1},     {"MEDIUMTEXT", 2, 2}, {"LONGTEXT", 2, 3}};
        return orm::widens(from, to, known);
    }

    // MODIFY repeats the whole definition: a default that only the database has would be lost.
    std::vector<std::string> widen(const table_info& table, const column_info& column, const present_column& present,
                                   std::string_view type) const override {
        std::string made = "ALTER TABLE " + quoted(table.name) + " MODIFY COLUMN " + quoted(column.name) + " ";
        made += type;
        if (!present.nullable && !column.type->nullable()) made += " NOT NULL";
        if (column.key && table.generated_key)
            made += " AUTO_INCREMENT";
        else if (present.has_default)
            made += " DEFAULT " + literal(column);
        return {made};
    }

    // MySQL 8 wants parentheses around a string default; backslashes in strings are doubled, and times have neither T
    // nor Z.
    std::string literal(const column_info& column) const override {
        std::string made;
        for (const char character : column.initial) made.append(character == '\\' ? 2 : 1, character);
        if (made == "NULL") return made;
        if (column.type->kind == column_kind::text) return "(" + made + ")";
        if (column.type->kind == column_kind::time) {
            made[made.find('T')] = ' ';
            made.erase(made.find('Z'), 1);
        }
        return made;
    }

    std::string table_options() const override {
        return std::string(" ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE ") + collation_;
    }

    bool returns_keys() const override { return false; }
    null_order nulls() const override { return {.takes_words = false}; }

    // MySQL can't restrict this to some columns: a conflict in any unique key counts.
    std::string on_conflict(const table_info& table, std::span<const std::size_t> columns) const override {
        std::string made = " ON DUPLICATE KEY UPDATE ";
        for (const std::size_t i : columns_to_replace(table, columns)) {
            const std::string name = quoted(table.columns[i].name);
            made.append(name).append(" = VALUES(").append(name).append("), ");
        }
        const std::string key = quoted(table.columns[table.key].name);
        return made + key + " = " + (table.generated_key ? "LAST_INSERT_ID(" + key + ")" : key);
    }

    const char* select_now() const override {
        return "SELECT timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6))";
    }

    // InnoDB reads a snapshot by default.
    result<void> read_latest_rows(session& s) const override {
        if (auto set = s.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", {}); !set) return set.error();
        return ok();
    }

    std::string insert_unless_present(std::string insert) const override {
        constexpr std::string_view verb = "INSERT ";
        return insert.insert(verb.size(), "IGNORE ");
    }

    // DDL ends transactions here: a transaction's lock would be gone after the first statement.
    result<bool> try_lock_schema(session& s) const override {
        return detail::select_value<bool>(s, call_with_lock("GET_LOCK", ", 0"));
    }

    // The transaction has ended, so no deadline applies; a lost connection holds no lock.
    void unlock_schema(session& s) const override {
        (void)detail::select_value<bool>(s, call_with_lock("RELEASE_LOCK"));
    }

private:
    const char* collation_;
};

} // namespace

const dialect& mariadb_dialect() noexcept {
    static const mysql_spelling instance(mariadb_collation);
    return instance;
}

const dialect& mysql_dialect() noexcept {
    static const mysql_spelling instance(mysql_collation);
    return instance;
}

} // namespace weir::orm
