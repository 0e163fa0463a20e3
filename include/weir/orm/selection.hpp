// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/column.hpp>

#include <optional>
#include <span>

namespace weir::orm {

class dialect;
class session;

/// What a query asks for, apart from the columns.
struct selection {
    fragment joins{}; ///< ` JOIN users ON ...`; empty: one table
    fragment where{}; ///< empty: every row
    std::string groups{};
    fragment having{};
    std::vector<order_term> order{};
    std::optional<std::size_t> limit{};
    std::optional<std::size_t> offset{};

    selection() noexcept;
    selection(const selection& other);
    selection(selection&& other) noexcept;
    selection& operator=(const selection& other);
    selection& operator=(selection&& other) noexcept;
    ~selection();
};

/// What a locking read does about rows that another transaction holds.
enum class if_locked : std::uint8_t { wait, skip, refuse };
/// Leaves them out: how several workers take different rows of one table.
inline constexpr if_locked skip_locked = if_locked::skip;
/// errc::unavailable at once.
inline constexpr if_locked nowait = if_locked::refuse;

/// Stands before and behind a table's name, with its dot, in the SQL of columns and conditions.
inline constexpr char table_mark = '\x1f';
/// Around the values of `in()` until it is known how the database takes them.
inline constexpr std::string_view list_begin = "\x1e(";
inline constexpr std::string_view list_end = ")\x1e";

std::string without_list_marks(std::string sql);

/// SQL as the database takes it: what stands between marks is left out where there is only one table.
std::string resolved(std::string_view marked, bool with_tables);

/// A further condition: both have to hold.
void add_condition(fragment& to, fragment further);
void add_group(std::string& to, std::string_view column);
/// A further order, where the ones before leave rows equal.
void add_order(std::vector<order_term>& to, order_term further);
/// ` LEFT JOIN users ON ...`
void add_join(selection& to, std::string_view word, std::string_view table, fragment on);

/// Makes the order one in which no two rows are equal: the key decides where nothing else does.
void order_wholly(std::vector<order_term>& order, order_term key);
/// The condition on the rows that come behind this one in a whole order.
fragment rows_behind(std::span<const order_term> order, const void* row);

/// Where a database has NULLs in an order by itself, and whether it takes NULLS LAST. SQLite's.
struct null_order {
    bool largest = false;
    bool takes_words = true;
};

/// `SELECT id, text FROM todos WHERE ... ORDER BY ... LIMIT ... OFFSET ...`, with NULLs last.
fragment select_rows(const table_info& table, const selection& wanted, null_order nulls = {});
/// The same with other columns, separated by commas.
fragment select_columns(const table_info& table, std::string_view columns, const selection& wanted,
                        null_order nulls = {});
/// The same as the session's database takes it.
fragment select_rows(const session& s, const table_info& table, const selection& wanted);
fragment select_columns(const session& s, const table_info& table, std::string_view columns, const selection& wanted);
/// `SELECT count(*) FROM todos WHERE ...`; limit and offset don't count.
fragment select_count(const table_info& table, const selection& wanted);
/// `SELECT max(text) FROM todos WHERE ...`; limit and offset don't count.
fragment select_aggregate(const table_info& table, std::string_view aggregate, selection wanted);
/// `SELECT EXISTS(SELECT 1 FROM todos WHERE ...)`
fragment select_exists(const table_info& table, const selection& wanted);
/// `UPDATE todos SET text = ? WHERE ...`, as the database says it.
fragment update_rows(const dialect& speaks, const table_info& table, std::span<const change> changes,
                     const fragment& where);
/// `DELETE FROM todos WHERE ...`
fragment erase_rows(const table_info& table, const fragment& where);
/// `UPDATE todos SET text = ? WHERE id = ?`
std::string update_columns(const table_info& table, std::span<const std::size_t> columns);
/// `INSERT INTO todos (id, text) VALUES (?, ?), (?, ?)`; without the key's column where keys are generated.
std::string insert_rows(const table_info& table, bool with_key, std::size_t rows);

} // namespace weir::orm
