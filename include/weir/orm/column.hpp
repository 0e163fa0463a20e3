// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/table.hpp>
#include <weir/orm/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

/// A piece of SQL with its values in the order of its question marks. Owns both.
struct fragment {
    std::string sql{};
    std::vector<value> values{};

    fragment& append(std::string_view text);
    fragment& append(fragment other);
};

/// A condition on rows of T; made from columns, combined with `&&`, `||` and `!`. Conditions of two tables
/// don't combine. The values are always bound, never written into the SQL.
template<class T>
class predicate {
public:
    explicit predicate(fragment made) : made_(std::move(made)) {}

    const fragment& rendered() const& noexcept { return made_; }
    fragment rendered() && noexcept { return std::move(made_); }

    friend predicate operator&&(predicate left, predicate right) { return left.joined(" AND ", std::move(right)); }
    friend predicate operator||(predicate left, predicate right) { return left.joined(" OR ", std::move(right)); }
    friend predicate operator!(predicate inner) {
        fragment made{"NOT ("};
        made.append(std::move(inner.made_)).append(")");
        return predicate(std::move(made));
    }

private:
    predicate joined(std::string_view word, predicate right) {
        fragment made{"("};
        made.append(std::move(made_)).append(word).append(std::move(right.made_)).append(")");
        return predicate(std::move(made));
    }

    fragment made_;
};

/// One column's new value in `update_where`.
template<class T>
class assignment {
public:
    explicit assignment(fragment made) : made_(std::move(made)) {}

    fragment rendered() && noexcept { return std::move(made_); }

private:
    fragment made_;
};

/// How rows of T are ordered; made by newest and oldest.
template<class T>
struct ordering {
    std::string sql{};
};

namespace detail {

fragment compare(std::string_view column, std::string_view word, value right);
fragment is_among(std::string_view column, std::vector<value> values);
fragment is_between(std::string_view column, value low, value high);
/// LIKE with the text itself between the two patterns: its own % and _ stand for themselves.
fragment like_text(std::string_view column, std::string_view before, std::string_view text, std::string_view after);

// What may be compared with a column: no text with a number, no fraction with an integer.
template<class Column, class V>
concept comparable = (std::same_as<Column, bool> && std::same_as<V, bool>) || (std::same_as<Column, V>) ||
                     (std::integral<Column> && !std::same_as<Column, bool> && std::integral<V> &&
                      !std::same_as<V, bool>) ||
                     (std::same_as<Column, double> && std::is_arithmetic_v<V> && !std::same_as<V, bool>) ||
                     (std::same_as<Column, std::string> && std::convertible_to<V, std::string_view> &&
                      !std::same_as<V, std::nullptr_t>) ||
                     (std::same_as<Column, wall_time> && std::convertible_to<V, wall_time>);

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

/// A column of a table in a condition: `col<&user::age> >= 18 && col<&user::name>.like("张%")`.
template<auto Member>
class column {
    static_assert(!reflect::name_of<Member>().empty()); // says so when the member isn't described
    using field = reflect::field_of<Member>;

public:
    using row = typename field::owner;
    using value_type = reflect::unwrap_optional<typename field::value_type>;

    /// The column's name as SQL takes it.
    static const std::string& name() {
        static const std::string made = quoted(field::name);
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

    /// An empty list matches no row.
    predicate<row> in(const std::vector<value_type>& choices) const {
        return predicate<row>(detail::is_among(name(), std::vector<value>(choices.begin(), choices.end())));
    }
    template<class Low, class High>
        requires detail::comparable<value_type, std::remove_cvref_t<Low>> &&
            detail::comparable<value_type, std::remove_cvref_t<High>>
                predicate<row> between(Low&& low, High&& high)
    const {
        return predicate<row>(
            detail::is_between(name(), detail::to_value<value_type>(low), detail::to_value<value_type>(high)));
    }
    predicate<row> is_null() const { return predicate<row>(fragment{name() + " IS NULL"}); }

    /// The pattern's % stands for any text, its _ for one character.
    predicate<row> like(std::string_view pattern) const requires std::same_as<value_type, std::string> {
        return compare(" LIKE ", pattern);
    }
    /// For what people type: % and _ in it have no special meaning.
    predicate<row> contains(std::string_view text) const requires std::same_as<value_type, std::string> {
        return predicate<row>(detail::like_text(name(), "%", text, "%"));
    }
    predicate<row> starts_with(std::string_view text) const requires std::same_as<value_type, std::string> {
        return predicate<row>(detail::like_text(name(), "", text, "%"));
    }

    /// `col<&product::stock> -= 2` is an assignment for update_where; nothing changes here.
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>> assignment<row>
    operator=(V&& right) const { return assign(name() + " = ", detail::to_value<value_type>(right)); }
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>> && std::is_arithmetic_v<value_type>
            assignment<row>
    operator+=(V right) const { return assign(name() + " = " + name() + " + ", detail::to_value<value_type>(right)); }
    template<class V>
        requires detail::comparable<value_type, std::remove_cvref_t<V>> && std::is_arithmetic_v<value_type>
            assignment<row>
    operator-=(V right) const { return assign(name() + " = " + name() + " - ", detail::to_value<value_type>(right)); }
    /// NULL, for a std::optional member.
    assignment<row> operator=(std::nullopt_t) const requires field::is_optional {
        return assign(name() + " = ", value());
    }

private:
    template<class V>
    static predicate<row> compare(std::string_view word, V&& right) {
        return predicate<row>(detail::compare(name(), word, detail::to_value<value_type>(std::forward<V>(right))));
    }
    static assignment<row> assign(std::string sql, value right) {
        fragment made{std::move(sql) + "?"};
        made.values.push_back(std::move(right));
        return assignment<row>(std::move(made));
    }
};

template<auto Member>
inline constexpr column<Member> col{};

namespace detail {

template<auto Member, bool Descending>
struct column_order {
    using row = typename column<Member>::row;
    operator ordering<row>() const { return {column<Member>::name() + (Descending ? " DESC" : "")}; }
};

} // namespace detail

/// Order by a column: largest first, which for keys and times is the newest; or smallest first.
template<auto Member>
inline constexpr detail::column_order<Member, true> newest{};
template<auto Member>
inline constexpr detail::column_order<Member, false> oldest{};

} // namespace weir::orm

namespace weir {

using orm::col;
using orm::newest;
using orm::oldest;
using orm::predicate;

} // namespace weir
