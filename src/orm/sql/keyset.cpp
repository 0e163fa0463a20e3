// SPDX-License-Identifier: MIT
#include <weir/orm/query/keyset.hpp>

#include <algorithm>

namespace weir::orm {

namespace {

// The condition on rows after `at` in this column alone; empty if there are none.
fragment behind_in(const order_term& term, const value& at) {
    if (at.is_null()) return {};
    fragment further = detail::compare(term.sql, term.descending ? " < " : " > ", at);
    if (!term.nullable) return further;
    return detail::both(std::move(further), " OR ", fragment{term.sql + " IS NULL"});
}

// The same, including rows equal to `at`.
fragment not_before_in(const order_term& term, const value& at) {
    if (at.is_null()) return fragment{term.sql + " IS NULL"};
    fragment reached = detail::compare(term.sql, term.descending ? " <= " : " >= ", at);
    if (!term.nullable) return reached;
    return detail::both(std::move(reached), " OR ", fragment{term.sql + " IS NULL"});
}

} // namespace

void order_wholly(std::vector<order_term>& order, order_term key) {
    if (!order.empty()) key.descending = order.back().descending;
    if (std::ranges::find(order, key.sql, &order_term::sql) == order.end()) order.push_back(std::move(key));
}

// `a >= ? AND (a > ? OR b > ?)`: an index search can use the first part. A row comparison, `(a, b) > (?, ?)`, has no
// mixed directions, and MySQL uses no index for it.
fragment rows_behind(std::span<const order_term> order, const void* row) {
    const order_term& term = order.front();
    const value at = term.of(row);
    fragment further = behind_in(term, at);
    if (order.size() == 1) return further.sql.empty() ? fragment{"1 = 0"} : further;
    fragment rest = rows_behind(order.subspan(1), row);
    if (!further.sql.empty()) rest = detail::both(std::move(further), " OR ", std::move(rest));
    return detail::both(not_before_in(term, at), " AND ", std::move(rest));
}

} // namespace weir::orm
