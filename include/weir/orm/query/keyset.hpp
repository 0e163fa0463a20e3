// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/query/column.hpp>

#include <span>
#include <vector>

namespace weir::orm {

/// Makes the order total: adds the key as tie-breaker.
void order_wholly(std::vector<order_term>& order, order_term key);
/// The condition on the rows that follow `row` in a total order.
fragment rows_behind(std::span<const order_term> order, const void* row);

} // namespace weir::orm
