// SPDX-License-Identifier: MIT
#include "orm/migrate/schema_lock.hpp"
#include "orm/sql/dialect.hpp"
#include <weir/orm/detail/operations.hpp>
#include <weir/orm/migrate.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace weir::orm {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

// A table's current state in the database and its wanted one.
struct table_state {
    const table_info* wanted = nullptr;
    std::vector<present_column> columns{};
    std::vector<std::string> indexes{};
    std::vector<std::string> constraints{};

    bool exists() const { return !columns.empty(); }
};

result<table_state> look_at(session& s, const table_info& table) {
    const auto& spelling = s.dialect();
    table_state now;
    now.wanted = &table;
    auto columns = spelling.columns_of(s, table);
    if (!columns) return columns.error();
    auto indexes = spelling.indexes_of(s, table);
    if (!indexes) return indexes.error();
    auto constraints = spelling.constraints_of(s, table);
    if (!constraints) return constraints.error();
    now.columns = *std::move(columns);
    now.indexes = *std::move(indexes);
    now.constraints = *std::move(constraints);
    return now;
}

const char* words_for(on_delete action) {
    switch (action) {
    case on_delete::cascade:
        return " ON DELETE CASCADE";
    case on_delete::set_null:
        return " ON DELETE SET NULL";
    case on_delete::restrict:
        return " ON DELETE RESTRICT";
    }
    return "";
}

std::string reference(const foreign_key_info& key) {
    return fmt::format(
        "REFERENCES {} ({}){}", quoted(key.other_table), quoted(key.other_column), words_for(key.action));
}

std::string foreign_key(const foreign_key_info& key) {
    return fmt::format("CONSTRAINT {} FOREIGN KEY ({}) {}", quoted(key.name), quoted(key.column), reference(key));
}

std::string check(const check_info& rule) {
    return fmt::format("CONSTRAINT {} CHECK ({})", quoted(rule.name), rule.condition);
}

std::string create_index(const table_info& table, const index_info& index) {
    std::string columns;
    for (const auto& column : index.columns) columns.append(columns.empty() ? "" : ", ").append(quoted(column));
    return fmt::format(
        "CREATE {}INDEX {} ON {} ({})", index.unique ? "UNIQUE " : "", quoted(index.name), quoted(table.name), columns);
}

class planner {
public:
    explicit planner(const dialect& spelling) : spelling_(spelling) {}

    void plan_columns(const table_state& now) {
        const table_info& table = *now.wanted;
        if (!now.exists()) return add(create_table(table));
        for (const auto& column : table.columns) {
            const auto found = std::ranges::find(now.columns, column.name, &present_column::name);
            if (found == now.columns.end())
                add_column(table, column);
            else
                adapt_column(table, column, *found);
        }
        for (const auto& present : now.columns) look_at_column(table, present);
    }

    void plan_indexes(const table_state& now) {
        for (const auto& index : now.wanted->indexes)
            if (!contains(now.indexes, index.name)) add(create_index(*now.wanted, index));
    }

    // SQLite's tables take foreign keys only when created; elsewhere they are added once all tables exist.
    void plan_constraints(const table_state& now) {
        for (const auto& key : now.wanted->foreign_keys)
            if (now.exists() || spelling_.adds_constraints()) plan_constraint(now, key.name, foreign_key(key));
        for (const auto& rule : now.wanted->checks)
            if (now.exists()) plan_constraint(now, rule.name, check(rule));
    }

    migration_plan made() && { return std::move(plan_); }

private:
    void add(std::string statement) { plan_.statements.push_back(std::move(statement)); }
    void note(std::string words) { plan_.notes.push_back(std::move(words)); }

    std::string create_table(const table_info& table) const {
        std::string parts;
        const auto part = [&parts](const std::string& one) { parts.append(parts.empty() ? "" : ", ").append(one); };
        for (const auto& column : table.columns) part(spelling_.column_definition(table, column));
        for (const auto& rule : table.checks) part(check(rule));
        if (!spelling_.adds_constraints())
            for (const auto& key : table.foreign_keys) part(foreign_key(key));
        return "CREATE TABLE " + quoted(table.name) + " (" + parts + ")" + spelling_.table_options();
    }

    // Existing rows get the member's default.
    void add_column(const table_info& table, const column_info& column) {
        std::string statement =
            "ALTER TABLE " + quoted(table.name) + " ADD COLUMN " + spelling_.column_definition(table, column);
        if (!column.has_default && column.initial != "NULL") statement += " DEFAULT " + spelling_.literal(column);
        if (const auto* const key = inline_key(table, column)) {
            statement += " CONSTRAINT " + quoted(key->name) + " " + reference(*key);
            inlined_.push_back(key->name);
        }
        add(std::move(statement));
    }

    // SQLite accepts a new column with a foreign key only if existing rows hold NULL in it.
    const foreign_key_info* inline_key(const table_info& table, const column_info& column) const {
        if (spelling_.adds_constraints() || column.initial != "NULL") return nullptr;
        const auto found = std::ranges::find(table.foreign_keys, column.name, &foreign_key_info::column);
        return found == table.foreign_keys.end() ? nullptr : &*found;
    }

    void adapt_column(const table_info& table, const column_info& column, const present_column& present) {
        const std::string wanted = spelling_.storage(column);
        const bool longer = spelling_.widens(present.type, wanted);
        const bool opens = column.type->nullable() && !present.nullable && !column.key;
        if (longer || opens) {
            auto statements = spelling_.widen(table, column, present, longer ? wanted : present.type);
            if (statements.empty())
                note(fmt::format("{}.{} can't be changed to {}{} on this database", table.name, column.name, wanted,
                                 opens ? " NULL" : ""));
            for (auto& statement : statements) add(std::move(statement));
        } else if (present.type != wanted && !spelling_.widens(wanted, present.type)) {
            note(fmt::format(
                "{}.{} is {} but its member needs {}: left unchanged", table.name, column.name, present.type, wanted));
        }
    }

    void look_at_column(const table_info& table, const present_column& present) {
        const bool known = std::ranges::find(table.columns, present.name, &column_info::name) != table.columns.end();
        if (known || present.nullable || present.has_default) return;
        note(fmt::format(
            "{}.{} has no member and is NOT NULL without a default: inserts fail", table.name, present.name));
    }

    void plan_constraint(const table_state& now, const std::string& name, const std::string& constraint) {
        if (contains(now.constraints, name) || contains(inlined_, name)) return;
        if (!spelling_.adds_constraints())
            return note(
                fmt::format("{} lacks {}: this database can't add it to an existing table", now.wanted->name, name));
        add("ALTER TABLE " + quoted(now.wanted->name) + " ADD " + constraint);
    }

    const dialect& spelling_;
    migration_plan plan_;
    std::vector<std::string> inlined_;
};

} // namespace

std::string migration_plan::text() const {
    std::string all;
    for (const auto& statement : statements) all.append(statement).append(";\n");
    for (const auto& words : notes) all.append("-- ").append(words).append("\n");
    return all;
}

result<migration_plan> plan_migration(session& s, std::span<const table_info* const> tables) {
    std::vector<table_state> states;
    for (const auto* table : tables) {
        auto now = look_at(s, *table);
        if (!now) return now.error();
        states.push_back(*std::move(now));
    }
    planner plan(s.dialect());
    for (const auto& now : states) plan.plan_columns(now);
    for (const auto& now : states) plan.plan_indexes(now);
    for (const auto& now : states) plan.plan_constraints(now);
    return std::move(plan).made();
}

result<void> migrate(session& s, std::span<const table_info* const> tables, migrate_options options) {
    return with_schema_locked(s, options, [&]() -> result<void> {
        const auto plan = plan_migration(s, tables);
        if (!plan) return plan.error();
        for (const auto& statement : plan->statements)
            if (auto done = s.execute(statement, {}); !done) return done.error();
        return ok();
    });
}

} // namespace weir::orm
