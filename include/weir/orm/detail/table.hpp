// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/orm/detail/column_type.hpp>
#include <weir/reflect/schema.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

struct column_info {
    std::string name{};
    const column_type* type = nullptr;
    bool key = false;
    bool unique = false;
    bool indexed = false;
    bool in_index = false;      ///< in an index of any kind, or in a foreign key
    std::size_t max_length = 0; ///< of a string, in code points; 0: any. Defaults to 255 in an index
    bool has_default = false;   ///< the schema has defaults(...)
    std::string initial{};      ///< SQL literal of the member's default, for rows older than the column
};

struct index_info {
    std::string name{}; ///< users_openid_unique, users_age_index
    std::vector<std::string> columns{};
    bool unique = false;
};

struct foreign_key_info {
    std::string name{}; ///< pets_owner_fkey
    std::string column{};
    std::string other_table{};
    std::string other_column{};
    on_delete action = on_delete::restrict;
};

struct check_info {
    std::string name{};
    std::string condition{}; ///< SQL
};

/// A table as its struct describes it, and the statements that repositories run. Immutable, one per type.
struct table_info {
    std::string name{};
    std::vector<column_info> columns{};
    std::size_t key = 0; ///< index of the key's column
    bool generated_key = false;
    std::vector<index_info> indexes{}; ///< those of single columns first
    std::vector<foreign_key_info> foreign_keys{};
    std::vector<check_info> checks{};

    std::string select{};         ///< SELECT id, text FROM todos
    std::string count{};          ///< SELECT count(*) FROM todos
    std::string find{};           ///< SELECT ... WHERE id = ?
    std::string insert{};         ///< INSERT INTO todos (id, text) VALUES (?, ?)
    std::string insert_keyless{}; ///< INSERT INTO todos (text) VALUES (?)
    std::string insert_new{};     ///< INSERT INTO todos (text) VALUES (?) RETURNING id
    std::string update{};         ///< UPDATE todos SET text = ? WHERE id = ?
    std::string erase{};          ///< DELETE FROM todos WHERE id = ?

    table_info();
    table_info(const table_info& other);
    table_info(table_info&& other) noexcept;
    table_info& operator=(const table_info& other);
    table_info& operator=(table_info&& other) noexcept;
    ~table_info();
};

/// The column with that name, which must exist.
const column_info& column_named(const table_info& table, std::string_view name);

/// errc::validation_failed naming the column if a string exceeds its max_length or contains U+0000, or a number is NaN
/// or infinite: not all databases can store these, so all reject them.
result<void> check_value(const column_info& column, const argument& given);
/// The same for all columns, in the order of the description, or for these.
result<void> check_values(const table_info& table, std::span<const argument> row);
result<void> check_values(const table_info& table, std::span<const std::size_t> columns,
                          std::span<const argument> given);

/// An identifier for SQL, in double quotes if it needs them.
std::string quoted(std::string_view identifier);

/// `UPDATE todos SET text = ? WHERE id = ?`
std::string update_columns(const table_info& table, std::span<const std::size_t> columns);
/// `INSERT INTO todos (id, text) VALUES (?, ?), (?, ?)`; without the key's column if keys are generated.
std::string insert_rows(const table_info& table, bool with_key, std::size_t rows);

namespace detail {

/// A column as known at compile time; column_info is the run-time form.
struct column_facts {
    std::string_view name{};
    bool key = false;
    bool unique = false;
    bool indexed = false;
    bool has_default = false;
    std::size_t max_length = 0;
};

/// `fresh` are the columns of a default-constructed row.
table_info describe_table(std::string_view name, std::span<const column_facts> columns, std::span<const argument> fresh,
                          bool generated_key);
void add_index(table_info& table, std::vector<std::string_view> columns, bool unique);
void add_foreign_key(table_info& table, std::string_view column, std::string_view other_table,
                     std::string_view other_column, on_delete action);

/// The value as an SQL literal, for DDL only: DEFAULT takes no bound values.
std::string literal(const column_type& type, const void* value);

template<class Field>
constexpr column_facts facts_of(Field) {
    column_facts column;
    column.name = Field::name;
    column.key = Field::is_key;
    column.unique = Field::template has<rules::unique>();
    column.indexed = Field::template has<rules::index>();
    column.has_default = Field::template has<rules::defaults>();
    if constexpr (Field::template has<rules::max_length>())
        column.max_length = Field::template rule<rules::max_length>().most;
    return column;
}

template<class T>
inline constexpr auto facts_of_columns = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<column_facts, sizeof...(I)>{facts_of(reflect::field<T, I>())...};
}
(std::make_index_sequence<reflect::field_count<T>>());

template<class T, template<class> class Rule>
consteval bool some_field_has() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return (reflect::field<T, I>::template has<Rule>() || ...);
    }
    (std::make_index_sequence<reflect::field_count<T>>());
}

/// Sets the value that existing rows get in a new column.
template<class Field>
void set_default(typename Field::owner& fresh) {
    Field::of(fresh) = Field::template rule<rules::defaults>().value;
}

template<class Field>
void describe_foreign_key(table_info& table) {
    constexpr auto rule = Field::template rule<rules::references>();
    using other = typename reflect::detail::member_pointer<std::remove_cv_t<decltype(rule.member)>>::owner;
    static_assert(reflect::key_field<other>::name == reflect::name_of<rule.member>(),
                  "weir: references(...) takes the key of the other table");
    static_assert(rule.action != on_delete::set_null || Field::is_optional,
                  "weir: on_delete::set_null needs a std::optional member");
    add_foreign_key(table, Field::name, reflect::table_name<other>(), reflect::name_of<rule.member>(), rule.action);
}

template<class T, bool Unique, class... Pointers>
void describe_part(table_info& table, const reflect::schema_index<Unique, Pointers...>& part) {
    std::apply([&](auto... member) { add_index(table, {reflect::name_of_member<T>(member)...}, Unique); },
               part.members);
}

template<class T>
void describe_part(table_info& table, const reflect::schema_check& part) {
    table.checks.push_back({std::string(part.name), std::string(part.condition)});
}

template<class Each, class T, std::size_t... I>
std::array<Each, sizeof...(I)> each_column(T& row, std::index_sequence<I...>) {
    using fields = std::remove_const_t<T>;
    static_assert(reflect::detail::schema_is_sound<fields>());
    return {Each{&column_type_of<typename reflect::field<fields, I>::value_type>,
                 &(row.*(reflect::field<fields, I>::member))}...};
}

} // namespace detail

/// The destinations of the row's columns, in the order of the description.
template<class T>
std::array<target, reflect::field_count<T>> targets_of(T& row) {
    return detail::each_column<target>(row, std::make_index_sequence<reflect::field_count<T>>());
}

/// The row's values to bind, in the order of the description.
template<class T>
std::array<argument, reflect::field_count<T>> arguments_of(const T& row) {
    return detail::each_column<argument>(row, std::make_index_sequence<reflect::field_count<T>>());
}

/// The table of a described struct whose schema begins with weir::table("name").
template<class T>
const table_info& table_of() {
    static_assert(reflect::field_count<T> > 1, "weir: a table needs columns besides its key");
    static const table_info made = [] {
        T fresh{};
        if constexpr (detail::some_field_has<T, rules::defaults>())
            reflect::for_each_field<T>([&]<class Field>(Field) {
                if constexpr (Field::template has<rules::defaults>()) detail::set_default<Field>(fresh);
            });
        auto table = detail::describe_table(
            reflect::table_name<T>(), detail::facts_of_columns<T>, arguments_of(fresh), reflect::key_is_generated<T>);
        if constexpr (detail::some_field_has<T, rules::references>())
            reflect::for_each_field<T>([&]<class Field>(Field) {
                if constexpr (Field::template has<rules::references>()) detail::describe_foreign_key<Field>(table);
            });
        reflect::for_each_part<T>([&](const auto& part) { detail::describe_part<T>(table, part); });
        return table;
    }();
    return made;
}

template<class T>
using key_type = typename reflect::key_field<T>::value_type;

} // namespace weir::orm
