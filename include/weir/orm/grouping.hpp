// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/projection.hpp>

#include <string>

namespace weir::orm {

/// A query whose rows are put together where they have the same in some columns; made by group_by(). What is
/// selected and ordered by is one of these columns or an aggregate: anything else doesn't compile.
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

    /// A condition on groups: all of them have to hold. One on their columns belongs to where().
    template<class... Tables>
    grouped_query having(group_predicate<Tables...> condition) && {
        static_assert((Scope::template reads<Tables> && ...), "weir: this condition's table isn't in the query");
        add_condition(wanted_.having, detail::in_tables<typename Scope::all>(std::move(condition).rendered(),
                                                                             detail::tables<Tables...>()));
        return std::move(*this);
    }

    /// `desc(count())`, `asc(col<&order::user_id>)`; a further order, where the ones before leave groups equal.
    template<class Order>
    grouped_query order_by(Order order) && {
        static_assert(Scope::reads_each(typename Order::tables()), "weir: this order's table isn't in the query");
        if constexpr (!Order::is_aggregate)
            static_assert(Scope::template has_one<typename Order::column>(true),
                          "weir: groups are ordered by an aggregate or by a column of group_by(...)");
        add_order(wanted_.order, detail::term_in<Scope>(order));
        return std::move(*this);
    }

    grouped_query limit(std::size_t groups) && { return wanted_.limit = groups, std::move(*this); }
    grouped_query offset(std::size_t groups) && { return wanted_.offset = groups, std::move(*this); }

    /// A Row of these columns and aggregates for each group, in the order of its members.
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
