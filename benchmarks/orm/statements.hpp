// SPDX-License-Identifier: MIT
#pragma once

#include "orm/workload.hpp"

// The cases' SQL for programs that write their own, with question marks for values.
namespace orm_bench {

inline std::string times(std::string_view text, std::size_t count) {
    std::string made(text);
    for (std::size_t i = 1; i < count; ++i) made.append(", ").append(text);
    return made;
}

inline std::string sql_of(const std::string& name) {
    const std::string insert = "INSERT INTO added (openid, name, age, balance, created_ms) VALUES ";
    if (name == "find_by_key") return "SELECT id, openid, name, age, balance, created_ms FROM users WHERE id = ?";
    if (name == "list_preload") return "SELECT id, user_id, total_cents FROM orders WHERE id >= ? ORDER BY id LIMIT 20";
    if (name == "insert") return insert + "(?, ?, ?, ?, ?) RETURNING id";
    if (name == "insert_many_1000") return insert + times("(?, ?, ?, ?, ?)", batch);
    if (name == "update_tx")
        return "UPDATE users SET openid = ?, name = ?, age = ?, balance = ?, created_ms = ? WHERE id = ?";
    if (name == "fortunes") return "SELECT id, message FROM fortunes";
    throw std::invalid_argument("no case named " + name);
}

inline std::string lines_of_orders() {
    return "SELECT id, order_id, product, quantity FROM order_lines WHERE order_id IN (" + times("?", page) +
           ") ORDER BY order_id";
}

/// Replaces `?` by `$1`, `$2` (PostgreSQL) or `:v1`, `:v2` (SOCI).
inline std::string numbered(const std::string& sql, const char* mark) {
    std::string made;
    int values = 0;
    for (const char letter : sql) {
        if (letter == '?')
            made.append(mark).append(std::to_string(++values));
        else
            made += letter;
    }
    return made;
}

} // namespace orm_bench
