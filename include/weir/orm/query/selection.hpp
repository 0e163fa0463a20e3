// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/query/column.hpp>

#include <optional>
#include <span>

namespace weir::orm {

class dialect;
class session;

/// Everything in a SELECT apart from the columns.
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

/// What a locking read does with rows that another transaction has locked.
enum class if_locked : std::uint8_t { wait, skip, refuse };
/// Leaves locked rows out, so that several workers can take different rows of one table.
inline constexpr if_locked skip_locked = if_locked::skip;
/// Fails with errc::unavailable at once.
inline constexpr if_locked nowait = if_locked::refuse;

/// Removes the marks around lists of values; see fragment::has_lists.
std::string without_list_marks(std::string sql);

/// Adds a condition; both must hold.
void add_condition(fragment& to, fragment further);
void add_group(std::string& to, std::string_view column);
/// Adds an order after the previous ones.
void add_order(std::vector<order_term>& to, order_term further);
/// ` LEFT JOIN users ON ...`
void add_join(selection& to, std::string_view word, std::string_view table, fragment on);

/// Where a database sorts NULLs by default, and whether it supports NULLS LAST. The defaults are SQLite's.
struct null_order {
    bool largest = false;
    bool takes_words = true;
};

/// `SELECT id, text FROM todos WHERE ... ORDER BY ... LIMIT ... OFFSET ...`, with NULLs last.
fragment select_rows(const table_info& table, const selection& wanted, null_order nulls = {});
/// The same with other columns, separated by commas.
fragment select_columns(const table_info& table, std::string_view columns, const selection& wanted,
                        null_order nulls = {});
/// The same in the session's dialect.
fragment select_rows(const session& s, const table_info& table, const selection& wanted);
fragment select_columns(const session& s, const table_info& table, std::string_view columns, const selection& wanted);
/// `SELECT count(*) FROM todos WHERE ...`; ignores limit and offset.
fragment select_count(const table_info& table, const selection& wanted);
/// `SELECT max(text) FROM todos WHERE ...`; ignores limit and offset.
fragment select_aggregate(const table_info& table, std::string_view aggregate, selection wanted);
/// `SELECT EXISTS(SELECT 1 FROM todos WHERE ...)`
fragment select_exists(const table_info& table, const selection& wanted);
/// `UPDATE todos SET text = ? WHERE ...` in the dialect.
fragment update_rows(const dialect& spelling, const table_info& table, std::span<const change> changes,
                     const fragment& where);
/// `DELETE FROM todos WHERE ...`
fragment erase_rows(const table_info& table, const fragment& where);

} // namespace weir::orm
