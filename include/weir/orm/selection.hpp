// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/column.hpp>

#include <optional>

namespace weir::orm {

/// What a query asks for, apart from the columns.
struct selection {
    fragment where{}; ///< empty: every row
    std::string order{};
    std::optional<std::size_t> limit{};
    std::optional<std::size_t> offset{};
};

/// `SELECT id, text FROM todos WHERE ... ORDER BY ... LIMIT ... OFFSET ...`
fragment select_rows(const table_info& table, const selection& wanted);
/// `SELECT count(*) FROM todos WHERE ...`; limit and offset don't count.
fragment select_count(const table_info& table, const selection& wanted);
/// `SELECT EXISTS(SELECT 1 FROM todos WHERE ...)`
fragment select_exists(const table_info& table, const selection& wanted);
/// `UPDATE todos SET text = ? WHERE ...`
fragment update_rows(const table_info& table, fragment assignments, const fragment& where);
/// `DELETE FROM todos WHERE ...`
fragment erase_rows(const table_info& table, const fragment& where);
/// `INSERT INTO todos (id, text) VALUES (?, ?), (?, ?)`; without the key's column where keys are generated.
std::string insert_rows(const table_info& table, bool with_key, std::size_t rows);

} // namespace weir::orm
