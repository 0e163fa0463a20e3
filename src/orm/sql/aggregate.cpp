// SPDX-License-Identifier: MIT
#include <weir/orm/query/aggregate.hpp>

namespace weir::orm {

namespace detail {

std::string aggregate_sql(aggregate_kind kind, std::string_view column, bool of_integers) {
    std::string of(column);
    switch (kind) {
    case aggregate_kind::count:
        return "count(" + of + ")";
    case aggregate_kind::count_distinct:
        return "count(DISTINCT " + of + ")";
    case aggregate_kind::sum:
        return "coalesce(sum(" + of + "), 0)";
    case aggregate_kind::avg: // MySQL would truncate an average of integers to four decimal places
        return "avg(" + of + (of_integers ? " + 0e0)" : ")");
    case aggregate_kind::min:
        return "min(" + of + ")";
    case aggregate_kind::max:
        return "max(" + of + ")";
    }
    return of;
}

} // namespace detail

} // namespace weir::orm
