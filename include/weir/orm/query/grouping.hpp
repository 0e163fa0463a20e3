// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/query/projection.hpp>

#include <string>

namespace weir::orm {

/// A query whose rows are grouped by some columns; made by group_by(). Only these columns and aggregates can be
/// selected and ordered by: anything else fails to compile.
///
///     orders.where(col<&order::paid> == true)
///         .group_by(col<&order::user_id>)
///         .having(sum(col<&order::cents>) >= 1000)
///         .select<customer>(col<&order::user_id>, count(), sum(col<&order::cents>))
template<class Source, class Scope>
class grouped_query {
public:
    grouped_query(Source& source, const table_info& table, selection wanted)
        : source_(&source), table_(&table), wanted_(std::move(wanted)) {}

    /// Adds a condition on groups; all of them must hold. Conditions on the grouping columns belong in where().
    template<class... Tables>
    grouped_query having(group_predicate<Tables...> condition) && {
        static_assert((Scope::template reads<Tables> && ...), "weir: this condition's table isn't in the query");
        add_condition(
            wanted_.having,
            detail::in_tables<typename Scope::all>(std::move(condition).rendered(), detail::tables<Tables...>()));
        return std::move(*this);
    }

    /// Adds an order after the previous ones: `desc(count())`, `asc(col<&order::user_id>)`.
    template<class Order>
    grouped_query order_by(Order order) && {
        static_assert(Scope::reads_each(typename Order::tables()), "weir: this order's table isn't in the query");
        if constexpr (!Order::is_aggregate)
            static_assert(Scope::template has_one<typename Order::column>(true),
                          "weir: groups are ordered by an aggregate or by a column of group_by(...)");
        add_order(wanted_.order, detail::term_in<Scope>(order));
        return std::move(*this);
    }

    grouped_query limit(std::size_t groups) && {
        wanted_.limit = groups;
        return std::move(*this);
    }
    grouped_query offset(std::size_t groups) && {
        wanted_.offset = groups;
        return std::move(*this);
    }

    /// Selects one Row per group, whose members are these columns and aggregates in their order.
    template<class Row, class... Columns>
    projection<Row, Source> select(Columns...) && {
        static_assert(detail::check_columns<Row, Scope, Columns...>());
        return {*source_, *table_, detail::list_of<Scope, Columns...>(), std::move(wanted_)};
    }

private:
    Source* source_;
    const table_info* table_;
    selection wanted_;
};

namespace detail {

template<class Scope, class Source, auto... Members>
auto grouped(Source& source, const table_info& table, selection wanted, column<Members>...) {
    using keyed = scope<typename Scope::always, typename Scope::maybe, tables<column<Members>...>>;
    static_assert(sizeof...(Members) > 0, "weir: group_by(...) takes the columns to group by");
    static_assert((Scope::template has<column<Members>>() && ...), "weir: this column's table isn't in the query");
    (add_group(wanted.groups, Scope::template sql<column<Members>>()), ...);
    return grouped_query<Source, keyed>(source, table, std::move(wanted));
}

} // namespace detail

} // namespace weir::orm
