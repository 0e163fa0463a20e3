// SPDX-License-Identifier: MIT
#include "orm/sql/database_error.hpp"
#include "orm/sql/reserved_words.hpp"
#include <weir/core/utf8.hpp>
#include <weir/orm/detail/table.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace weir::orm {

namespace {

bool is_plain(std::string_view word) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    return !word.empty() && !(word.front() >= '0' && word.front() <= '9') && std::ranges::all_of(word, plain);
}

std::string in_quotes(std::string_view text, char quote) {
    std::string made(1, quote);
    for (const char character : text) made.append(character == quote ? 2 : 1, character);
    return made += quote;
}

// The columns' names, separated by commas, with or without the key.
std::string names(const table_info& table, bool with_key) {
    std::string list;
    for (const auto& column : table.columns)
        if (with_key || !column.key) list.append(list.empty() ? "" : ", ").append(quoted(column.name));
    return list;
}

std::string assignments(const table_info& table) {
    std::string list;
    for (const auto& column : table.columns)
        if (!column.key) list.append(list.empty() ? "" : ", ").append(quoted(column.name)).append(" = ?");
    return list;
}

// A name that all databases accept: PostgreSQL cuts identifiers to 63 bytes, so lookups by the full name would fail.
std::string bounded(std::string name) {
    constexpr std::size_t most = 63;
    constexpr std::size_t mark = 9;
    if (name.size() <= most) return name;
    std::uint32_t hash = 2166136261U; // FNV-1a
    for (const char character : name) hash = (hash ^ static_cast<unsigned char>(character)) * 16777619U;
    return fmt::format("{}_{:08x}", name.substr(0, most - mark), hash);
}

column_info& column_to_describe(table_info& table, std::string_view name) {
    return *std::ranges::find(table.columns, name, &column_info::name);
}

// The length that every database can index, if the schema gives no max_length.
constexpr std::size_t indexed_length = 255;

void put_in_index(column_info& column) {
    column.in_index = true;
    if (column.type->kind == column_kind::text && column.max_length == 0) column.max_length = indexed_length;
}

std::size_t position_of_key(const std::vector<column_info>& columns) {
    const auto found = std::ranges::find(columns, true, &column_info::key);
    return static_cast<std::size_t>(found - columns.begin());
}

} // namespace

table_info::table_info() = default;
table_info::table_info(const table_info& other) = default;
table_info::table_info(table_info&& other) noexcept = default;
table_info& table_info::operator=(const table_info& other) = default;
table_info& table_info::operator=(table_info&& other) noexcept = default;
table_info::~table_info() = default;

std::string quoted(std::string_view identifier) {
    if (is_plain(identifier) && !is_reserved(identifier)) return std::string(identifier);
    return in_quotes(identifier, '"');
}

std::string insert_rows(const table_info& table, bool with_key, std::size_t rows) {
    const std::string listed = names(table, with_key);
    std::string one = "(?";
    for (std::size_t i = 1; i < table.columns.size() - (with_key ? 0 : 1); ++i) one += ", ?";
    one += ")";
    std::string made = "INSERT INTO " + quoted(table.name) + " (" + listed + ") VALUES " + one;
    made.reserve(made.size() + rows * (one.size() + 2));
    for (std::size_t i = 1; i < rows; ++i) made.append(", ").append(one);
    return made;
}

std::string update_columns(const table_info& table, std::span<const std::size_t> columns) {
    std::string list;
    for (const std::size_t i : columns)
        list.append(list.empty() ? "" : ", ").append(quoted(table.columns[i].name)).append(" = ?");
    return "UPDATE " + quoted(table.name) + " SET " + list + " WHERE " + quoted(table.columns[table.key].name) + " = ?";
}

namespace {

result<void> check_string(const column_info& column, const std::string& text) {
    if (text.find('\0') != std::string::npos) return holds_nul(column.name);
    const std::size_t most = column.max_length;
    if (most != 0 && text.size() > most && utf8_length(text) > most) return too_long(column.name);
    return ok();
}

// Null for NULL, and for kinds without limits.
const void* limited_value(const column_info& column, const argument& given) {
    const column_kind kind = column.type->kind;
    if ((kind != column_kind::text && kind != column_kind::real) || !given.type) return nullptr;
    return given.type->nullable() ? given.type->value(given.data) : given.data;
}

// A quick check; if false, check_value() decides.
bool plainly_fits(const column_info& column, const argument& given) {
    const void* const data = limited_value(column, given);
    if (!data) return true;
    if (column.type->kind == column_kind::real) return std::isfinite(*static_cast<const double*>(data));
    const auto& text = *static_cast<const std::string*>(data);
    return (column.max_length == 0 || text.size() <= column.max_length) && text.find('\0') == std::string::npos;
}

} // namespace

const column_info& column_named(const table_info& table, std::string_view name) {
    return *std::ranges::find(table.columns, name, &column_info::name);
}

result<void> check_value(const column_info& column, const argument& given) {
    const void* const data = limited_value(column, given);
    if (!data) return ok();
    if (column.type->kind == column_kind::text) return check_string(column, *static_cast<const std::string*>(data));
    if (!std::isfinite(*static_cast<const double*>(data))) return not_finite(column.name);
    return ok();
}

result<void> check_values(const table_info& table, std::span<const argument> row) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (plainly_fits(table.columns[i], row[i])) continue;
        if (auto fits = check_value(table.columns[i], row[i]); !fits) return fits;
    }
    return ok();
}

result<void> check_values(const table_info& table, std::span<const std::size_t> columns,
                          std::span<const argument> given) {
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (auto fits = check_value(table.columns[columns[i]], given[i]); !fits) return fits;
    return ok();
}

namespace detail {

namespace {

column_info described(const column_facts& facts, const argument& fresh) {
    column_info column;
    column.name = std::string(facts.name);
    column.type = fresh.type;
    column.key = facts.key;
    column.unique = facts.unique;
    column.indexed = facts.indexed;
    column.max_length = facts.max_length;
    column.has_default = facts.has_default;
    column.initial = literal(*fresh.type, fresh.data);
    return column;
}

} // namespace

table_info describe_table(std::string_view name, std::span<const column_facts> columns, std::span<const argument> fresh,
                          bool generated_key) {
    table_info table;
    table.name = std::string(name);
    table.columns.reserve(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) table.columns.push_back(described(columns[i], fresh[i]));
    table.key = position_of_key(table.columns);
    table.generated_key = generated_key;
    put_in_index(table.columns[table.key]);
    for (const auto& column : table.columns)
        if ((column.unique || column.indexed) && !column.key) add_index(table, {column.name}, column.unique);

    const std::string of = quoted(name);
    const std::string key = quoted(table.columns[table.key].name);
    const std::string with_this_key = " WHERE " + key + " = ?";
    table.select = "SELECT " + names(table, true) + " FROM " + of;
    table.count = "SELECT count(*) FROM " + of;
    table.find = table.select + with_this_key;
    table.insert = insert_rows(table, true, 1);
    table.insert_keyless = insert_rows(table, false, 1);
    table.insert_new = table.insert_keyless + " RETURNING " + key;
    table.update = "UPDATE " + of + " SET " + assignments(table) + with_this_key;
    table.erase = "DELETE FROM " + of + with_this_key;
    return table;
}

void add_index(table_info& table, std::vector<std::string_view> columns, bool unique) {
    index_info index;
    index.name = table.name;
    for (const auto column : columns) {
        index.columns.emplace_back(column);
        index.name.append("_").append(column);
        put_in_index(column_to_describe(table, column));
    }
    index.name = bounded(index.name + (unique ? "_unique" : "_index"));
    index.unique = unique;
    table.indexes.push_back(std::move(index));
}

void add_foreign_key(table_info& table, std::string_view column, std::string_view other_table,
                     std::string_view other_column, on_delete action) {
    put_in_index(column_to_describe(table, column));
    foreign_key_info key;
    key.name = bounded(table.name + "_" + std::string(column) + "_fkey");
    key.column = std::string(column);
    key.other_table = std::string(other_table);
    key.other_column = std::string(other_column);
    key.action = action;
    table.foreign_keys.push_back(std::move(key));
}

std::string literal(const column_type& type, const void* value) {
    const void* const data = type.nullable() ? type.value(value) : value;
    if (!data) return "NULL";
    std::int64_t number = 0;
    std::string text;
    switch (type.kind) {
    case column_kind::integer:
    case column_kind::boolean:
        return type.load(data, number) ? std::to_string(number) : "0";
    case column_kind::real:
        return std::isfinite(*static_cast<const double*>(data))
                   ? fmt::format("{}", *static_cast<const double*>(data))
                   : "0.0";
    case column_kind::text:
        return in_quotes(*static_cast<const std::string*>(data), '\'');
    case column_kind::time:
    case column_kind::enumeration:
        type.print(data, text);
        return in_quotes(text, '\'');
    }
    return "NULL";
}

} // namespace detail

} // namespace weir::orm
