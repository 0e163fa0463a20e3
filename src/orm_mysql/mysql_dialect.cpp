// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_dialect.hpp"

#include "orm/widening.hpp"
#include <weir/orm/operations.hpp>

#include <fmt/format.h>

namespace weir::orm {

namespace {

// Calls GET_LOCK or RELEASE_LOCK. A lock's name means the same in all databases of a server, and has to be short.
fragment call_with_lock(std::string_view function, std::string_view more = "") {
    return detail::statement(
        fmt::format("SELECT coalesce({}(concat('weir schema ', md5(coalesce(DATABASE(), ''))){}), 0)", function, more));
}

// Longer strings don't fit into a row, whose columns share 65,535 bytes: LONGTEXT is kept beside it.
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

// "varchar(200)" -> "VARCHAR(200)"; the widths at which integers are shown say nothing.
std::string in_words_of_ddl(std::string type) {
    if (type == "tinyint(1)") return "BOOLEAN";
    for (char& letter : type)
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    const std::size_t width = type.find("INT(");
    if (width != std::string::npos) type.erase(width + 3, type.find(')') - width - 2);
    return type;
}

class mysql_spelling final : public dialect {
public:
    explicit mysql_spelling(const char* collation) : collation_(collation) {}

    std::string storage(const column_info& column) const override { return storage_name(column); }
    const char* generated_key() const override { return "AUTO_INCREMENT PRIMARY KEY"; }

    result<std::vector<present_column>> columns_of(session& s, const table_info& table) const override {
        auto columns = detail::query_rows<present_column>(
            s, detail::statement("SELECT column_name, column_type, is_nullable = 'YES', column_default IS NOT NULL "
                                 "OR extra LIKE '%auto_increment%' FROM information_schema.columns "
                                 "WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
                                 table.name));
        if (columns)
            for (auto& column : *columns) column.type = in_words_of_ddl(std::move(column.type));
        return columns;
    }

    result<std::vector<std::string>> indexes_of(session& s, const table_info& table) const override {
        return detail::query_rows<std::string>(
            s, detail::statement("SELECT DISTINCT index_name FROM information_schema.statistics "
                                 "WHERE table_schema = DATABASE() AND table_name = ?",
                                 table.name));
    }

    result<std::vector<std::string>> constraints_of(session& s, const table_info& table) const override {
        return detail::query_rows<std::string>(
            s, detail::statement("SELECT constraint_name FROM information_schema.table_constraints "
                                 "WHERE table_schema = DATABASE() AND table_name = ?",
                                 table.name));
    }

    bool widens(std::string_view from, std::string_view to) const override {
        static constexpr known_storage known[] = {{"TINYINT", 0, 0}, {"SMALLINT", 0, 1},   {"MEDIUMINT", 0, 2},
                                                  {"INT", 0, 3},     {"BIGINT", 0, 4},     {"FLOAT", 1, 0},
                                                  {"DOUBLE", 1, 1},  {"VARCHAR", 2, 0},    {"TINYTEXT", 2, 0},
                                                  {"TEXT", 2, 1},    {"MEDIUMTEXT", 2, 2}, {"LONGTEXT", 2, 3}};
        return orm::widens(from, to, known);
    }

    // MODIFY states the whole column again: a default that only the database knows would be lost.
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

    // A text needs parentheses as a default (MySQL 8), in a text a backslash stands for itself when it is doubled,
    // and a time has neither T nor Z.
    std::string literal(const column_info& column) const override {
        std::string made;
        for (const char letter : column.initial) made.append(letter == '\\' ? 2 : 1, letter);
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

    // Which columns have to be unique is the table's to say here: any key that is taken already counts.
    std::string on_conflict(const table_info& table, std::span<const std::size_t> columns) const override {
        std::string made = " ON DUPLICATE KEY UPDATE ";
        for (const std::size_t i : columns_to_replace(table, columns)) {
            const std::string name = quoted(table.columns[i].name);
            made.append(name).append(" = VALUES(").append(name).append("), ");
        }
        const std::string key = quoted(table.columns[table.key].name);
        return made + key + " = " + (table.generated_key ? "LAST_INSERT_ID(" + key + ")" : key);
    }

    // DDL ends transactions here, so a lock of the transaction's would be gone with the first statement.
    result<bool> try_lock_schema(session& s) const override {
        return detail::select_value<bool>(s, call_with_lock("GET_LOCK", ", 0"));
    }

    // The transaction has ended, so nothing is too late any more; a connection that is lost holds no lock.
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
