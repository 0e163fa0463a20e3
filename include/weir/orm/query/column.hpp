// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/table.hpp>
#include <weir/orm/query/condition.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

/// One expression of an ORDER BY.
struct order_term {
    std::string sql{};
    bool descending = false;
    bool nullable = false;
    value (*of)(const void* row) = nullptr; ///< reads the column's value from a row
};

/// A column that is set to a value, or increased or decreased by it.
struct change {
    std::string_view column{};
    char by = '='; ///< '=', '+' or '-'
    value operand{};
};

/// An assignment to one column in `update_where`.
template<class T>
class assignment {
public:
    explicit assignment(change made) : made_(std::move(made)) {}
    /// Converts an assignment to a column that T inherits from a described base.
    template<class Base>
        requires(reflect::has_base<T, Base>())
    assignment(assignment<Base> of_base) : made_(std::move(of_base).made()) {}

    change made() && noexcept { return std::move(made_); }

private:
    change made_;
};

/// An order of rows of T by one column; made by newest and oldest, or asc and desc.
template<class T>
struct ordering {
    order_term by{};
};

namespace detail {

fragment compare(std::string_view column, std::string_view word, value right);
fragment is_among(std::string_view column, std::vector<value> values);
fragment is_between(std::string_view column, value low, value high);
/// LIKE with a pattern whose only special characters are % and _.
fragment like_pattern(std::string_view column, std::string_view pattern);
/// LIKE that matches `text` literally, % and _ included, between two patterns.
fragment like_text(std::string_view column, std::string_view before, std::string_view text, std::string_view after);
fragment like_text_in_any_case(std::string_view column, std::string_view text);

// Types that can be compared with a column: no string with a number, no fraction with an integer.
template<class Column, class V>
concept comparable =
    (std::same_as<Column, bool> && std::same_as<V, bool>) || (std::same_as<Column, V>) ||
    (std::integral<Column> && !std::same_as<Column, bool> && std::integral<V> && !std::same_as<V, bool>) ||
    (std::same_as<Column, double> && std::is_arithmetic_v<V> && !std::same_as<V, bool>) ||
    (std::same_as<Column, std::string> && std::convertible_to<V, std::string_view> &&
     !std::same_as<V, std::nullptr_t>) ||
    (std::same_as<Column, wall_time> && std::convertible_to<V, wall_time>);

// Values that can be assigned to a column, and those that can be added to it.
template<class V, class Column>
concept assignable_to = comparable<Column, std::remove_cvref_t<V>>;
template<class V, class Column>
concept addable_to = assignable_to<V, Column> && std::is_arithmetic_v<Column>;

template<class Column, class V>
value to_value(V&& given) {
    if constexpr (std::same_as<Column, double>)
        return value(static_cast<double>(given));
    else if constexpr (std::same_as<Column, std::string>)
        return value(std::string_view(given));
    else if constexpr (std::same_as<Column, wall_time>)
        return value(wall_time(given));
    else
        return value(given);
}

} // namespace detail

/// A column in a condition: `col<&user::age> >= 18 && col<&user::name>.like("张%")`. A member of a described base names
/// the column of the query's table that inherits it.
template<auto Member>
class column {
    static_assert(!reflect::name_of<Member>().empty()); // fails here if the member isn't described
    using field = reflect::field_of<Member>;

public:
    using row = typename field::owner;
    using value_type = reflect::unwrap_optional<typename field::value_type>;
    using tables = boost::mp11::mp_list<row>;
    static constexpr bool is_optional = field::is_optional;
    static constexpr bool is_aggregate = false;

    /// The column's name, quoted for SQL where needed.
    static const std::string& name() {
        static const std::string made = quoted(field::name);
        return made;
    }

    /// The name for a condition, with the table's name between marks.
    static const std::string& sql() {
        static const std::string made = detail::marked(detail::table_title<row>(), field::name);
        return made;
    }

    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>>
    friend predicate<row> operator==(column, V&& right) { return compare(" = ", std::forward<V>(right)); }
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>>
    friend predicate<row> operator!=(column, V&& right) { return compare(" <> ", std::forward<V>(right)); }
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>>
    friend predicate<row> operator<(column, V&& right) { return compare(" < ", std::forward<V>(right)); }
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>>
    friend predicate<row> operator<=(column, V&& right) { return compare(" <= ", std::forward<V>(right)); }
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>>
    friend predicate<row> operator>(column, V&& right) { return compare(" > ", std::forward<V>(right)); }
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>>
    friend predicate<row> operator>=(column, V&& right) { return compare(" >= ", std::forward<V>(right)); }

    /// An empty list matches no row. PostgreSQL takes a list of any length as one array; elsewhere more values than a
    /// statement allows (65,535, on SQLite 32,766) are errc::invalid_argument.
    predicate<row> in(const std::vector<value_type>& choices) const {
        return predicate<row>(detail::is_among(sql(), std::vector<value>(choices.begin(), choices.end())));
    }
    template<class Low, class High>
        requires detail::comparable<value_type, std::remove_cvref_t<Low>> &&
            detail::comparable<value_type, std::remove_cvref_t<High>>
                predicate<row> between(Low&& low, High&& high)
    const {
        return predicate<row>(
            detail::is_between(sql(), detail::to_value<value_type>(low), detail::to_value<value_type>(high)));
    }
    predicate<row> is_null() const { return predicate<row>(fragment{sql() + " IS NULL"}); }

    /// Matches a pattern in which % stands for any string and _ for one character. Case-sensitive; a backslash is an
    /// ordinary character.
    predicate<row> like(std::string_view pattern) const requires std::same_as<value_type, std::string> {
        return predicate<row>(detail::like_pattern(sql(), pattern));
    }
    /// Matches user input literally: % and _ have no special meaning.
    predicate<row> contains(std::string_view text) const requires std::same_as<value_type, std::string> {
        return predicate<row>(detail::like_text(sql(), "%", text, "%"));
    }
    /// Like contains, ignoring case: that of ASCII letters on SQLite, that of all letters the server knows elsewhere.
    /// Cannot use an index.
    predicate<row> icontains(std::string_view text) const requires std::same_as<value_type, std::string> {
        return predicate<row>(detail::like_text_in_any_case(sql(), text));
    }
    predicate<row> starts_with(std::string_view text) const requires std::same_as<value_type, std::string> {
        return predicate<row>(detail::like_text(sql(), "", text, "%"));
    }

    /// An assignment for update_where, as in `col<&product::stock> -= 2`; executes nothing.
    template<detail::assignable_to<value_type> V>
    assignment<row> operator=(V&& right) const {
        return assign('=', detail::to_value<value_type>(right));
    }
    template<detail::addable_to<value_type> V>
    assignment<row> operator+=(V right) const {
        return assign('+', detail::to_value<value_type>(right));
    }
    template<detail::addable_to<value_type> V>
    assignment<row> operator-=(V right) const {
        return assign('-', detail::to_value<value_type>(right));
    }
    /// Assigns NULL to a std::optional member.
    assignment<row> operator=(std::nullopt_t) const requires field::is_optional { return assign('=', value()); }

private:
    template<class V>
    static predicate<row> compare(std::string_view word, V&& right) {
        return predicate<row>(detail::compare(sql(), word, detail::to_value<value_type>(std::forward<V>(right))));
    }
    static assignment<row> assign(char by, value right) {
        return assignment<row>(change{field::name, by, std::move(right)});
    }
};

template<auto Member>
inline constexpr column<Member> col{};

namespace detail {

template<auto Member>
using value_type_of = typename column<Member>::value_type;

template<auto Left, auto Right>
concept comparable_columns = comparable<value_type_of<Left>, value_type_of<Right>>;

template<auto Left, auto Right>
auto compare_columns(std::string_view word) {
    using row = typename column<Left>::row;
    using made = boost::mp11::mp_set_push_back<predicate<row>, typename column<Right>::row>;
    fragment sql{column<Left>::sql()};
    sql.append(word).append(column<Right>::sql());
    return made(std::move(sql));
}

} // namespace detail

/// Compares columns of two tables, as in a join condition: `col<&order::user_id> == col<&user::id>`.
template<auto Left, auto Right>
    requires detail::comparable_columns<Left, Right>
auto operator==(column<Left>, column<Right>) { return detail::compare_columns<Left, Right>(" = "); }
template<auto Left, auto Right>
    requires detail::comparable_columns<Left, Right>
auto operator!=(column<Left>, column<Right>) { return detail::compare_columns<Left, Right>(" <> "); }
template<auto Left, auto Right>
    requires detail::comparable_columns<Left, Right>
auto operator<(column<Left>, column<Right>) { return detail::compare_columns<Left, Right>(" < "); }
template<auto Left, auto Right>
    requires detail::comparable_columns<Left, Right>
auto operator<=(column<Left>, column<Right>) { return detail::compare_columns<Left, Right>(" <= "); }
template<auto Left, auto Right>
    requires detail::comparable_columns<Left, Right>
auto operator>(column<Left>, column<Right>) { return detail::compare_columns<Left, Right>(" > "); }
template<auto Left, auto Right>
    requires detail::comparable_columns<Left, Right>
auto operator>=(column<Left>, column<Right>) { return detail::compare_columns<Left, Right>(" >= "); }

namespace detail {

template<auto Member, bool Descending>
struct column_order {
    using column = orm::column<Member>;
    using expression = column;
    using tables = boost::mp11::mp_list<typename column::row>;
    using row = typename column::row;
    static constexpr bool is_aggregate = false;

    order_term term() const { return term_of<row>(); }
    /// The term for table T, which may inherit the column from a described base.
    template<class T>
    order_term term_of() const {
        return {as_columns_of<row, T>(column::sql()), Descending, column::is_optional,
                [](const void* from) { return value(static_cast<const T*>(from)->*Member); }};
    }
    template<class T>
        requires(std::same_as<T, row> || reflect::has_base<T, row>())
    operator ordering<T>() const { return {term_of<T>()}; }
};

} // namespace detail

/// Orders by a column: newest puts the largest first, which for keys and times is the newest; oldest the smallest.
/// NULLs come last.
template<auto Member>
inline constexpr detail::column_order<Member, true> newest{};
template<auto Member>
inline constexpr detail::column_order<Member, false> oldest{};

/// The same with SQL's names: `order_by(desc(col<&user::age>))`.
template<auto Member>
constexpr detail::column_order<Member, true> desc(column<Member>) {
    return {};
}
template<auto Member>
constexpr detail::column_order<Member, false> asc(column<Member>) {
    return {};
}

} // namespace weir::orm

namespace weir {

using orm::asc;
using orm::col;
using orm::desc;
using orm::newest;
using orm::oldest;

} // namespace weir
