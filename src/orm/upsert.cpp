// SPDX-License-Identifier: MIT
#include "orm/dialect.hpp"
#include <weir/orm/operations.hpp>

#include <algorithm>

namespace weir::orm {

namespace {

std::string names_of(const table_info& table, std::span<const std::size_t> columns) {
    std::string list;
    for (const std::size_t i : columns) list.append(list.empty() ? "" : ", ").append(quoted(table.columns[i].name));
    return list;
}

} // namespace

std::vector<std::size_t> columns_to_replace(const table_info& table, std::span<const std::size_t> unique) {
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        if (i != table.key && std::ranges::find(unique, i) == unique.end()) others.push_back(i);
    if (others.empty()) others.assign(unique.begin(), unique.end()); // DO NOTHING would return no key
    return others;
}

std::string dialect::on_conflict(const table_info& table, std::span<const std::size_t> columns) const {
    std::string list;
    for (const std::size_t i : columns_to_replace(table, columns)) {
        const std::string name = quoted(table.columns[i].name);
        list.append(list.empty() ? "" : ", ").append(name).append(" = excluded.").append(name);
    }
    return " ON CONFLICT (" + names_of(table, columns) + ") DO UPDATE SET " + list;
}

std::string update_columns(const table_info& table, std::span<const std::size_t> columns) {
    std::string list;
    for (const std::size_t i : columns)
        list.append(list.empty() ? "" : ", ").append(quoted(table.columns[i].name)).append(" = ?");
    return "UPDATE " + quoted(table.name) + " SET " + list + " WHERE " + quoted(table.columns[table.key].name) + " = ?";
}

namespace detail {

result<void> upsert_by_key(session& s, const table_info& table, std::span<const argument> row) {
    const std::size_t key = table.key;
    auto done = insert_given(s, table, table.insert + s.dialect().on_conflict(table, std::span(&key, 1)), row);
    if (!done) return done.error();
    return ok();
}

result<void> upsert_by(session& s, const table_info& table, std::span<const std::size_t> unique,
                       std::span<const argument> rest, const target& key) {
    const std::string sql = table.insert_keyless + s.dialect().on_conflict(table, unique);
    return insert_with_key(s, sql, sql + " RETURNING " + quoted(table.columns[table.key].name), rest, key);
}

} // namespace detail

} // namespace weir::orm
