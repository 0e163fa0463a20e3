// SPDX-License-Identifier: MIT
#include "orm/sql/upsert.hpp"

#include "orm/sql/dialect.hpp"
#include <weir/orm/detail/operations.hpp>

#include <algorithm>

namespace weir::orm {

std::vector<std::size_t> columns_to_replace(const table_info& table, std::span<const std::size_t> unique) {
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        if (i != table.key && std::ranges::find(unique, i) == unique.end()) others.push_back(i);
    if (others.empty()) others.assign(unique.begin(), unique.end()); // DO NOTHING would return no key
    return others;
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
