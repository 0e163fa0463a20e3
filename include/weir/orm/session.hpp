// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/orm/column_type.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace weir::orm {

class dialect;

/// Takes a query's rows one by one: the targets hold the row when `take` is called.
struct row_sink {
    virtual ~row_sink() = default;
    virtual void take() = 0;
    virtual bool wants_more() const noexcept { return true; }
};

/// One connection inside a job: what a driver implements and everything above it is written against.
/// Synchronous; on one thread at a time. Prepared statements are kept by their text.
/// Every operation ends with errc::cancelled or errc::deadline_exceeded when its job is to end.
class session {
public:
    static constexpr std::size_t all_rows = std::numeric_limits<std::size_t>::max();

    virtual ~session() = default;

    /// How many rows the statement changed.
    virtual result<std::size_t> execute(std::string_view sql, std::span<const argument> in) = 0;

    /// How many rows arrived, `most` at most. A statement that changes rows has to be run with all_rows.
    virtual result<std::size_t> select(std::string_view sql, std::span<const argument> in, std::span<const target> out,
                                       row_sink& sink, std::size_t most = all_rows) = 0;

    /// The same for more rows than should be in memory at once, where the driver would otherwise fetch them all.
    virtual result<std::size_t> stream(std::string_view sql, std::span<const argument> in, std::span<const target> out,
                                       row_sink& sink) {
        return select(sql, in, out, sink);
    }

    /// The key that the database gave to the row inserted last, where it can't return it from the INSERT.
    virtual std::int64_t last_key() noexcept { return 0; }

    /// Opens a transaction that may write; no nesting.
    virtual result<void> begin() = 0;
    /// The transaction is over in any case; a failure means that nothing was stored, but for the one with the code
    /// `outcome_unknown`: the connection was lost meanwhile.
    virtual result<void> commit() = 0;
    virtual void rollback() noexcept = 0;
    virtual bool in_transaction() const noexcept = 0;

    /// How this database spells what SQL leaves open.
    virtual const orm::dialect& dialect() const noexcept = 0;
};

} // namespace weir::orm
