// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/orm/detail/column_type.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace weir::orm {

class dialect;

/// Receives a query's rows one by one: when `take` is called the targets hold the row.
struct row_sink {
    virtual ~row_sink() = default;
    virtual void take() = 0;
    virtual bool wants_more() const noexcept { return true; }
};

/// One connection inside a job: the interface that drivers implement. Synchronous; used by one thread at a time.
/// Prepared statements are cached by their SQL. Every operation fails with errc::cancelled or errc::deadline_exceeded
/// once its job must end.
class session {
public:
    static constexpr std::size_t all_rows = std::numeric_limits<std::size_t>::max();

    virtual ~session() = default;

    /// Returns the number of changed rows.
    virtual result<std::size_t> execute(std::string_view sql, std::span<const argument> in) = 0;

    /// Returns the number of rows, at most `most`. A statement that changes rows must be run with all_rows.
    virtual result<std::size_t> select(std::string_view sql, std::span<const argument> in, std::span<const target> out,
                                       row_sink& sink, std::size_t most = all_rows) = 0;

    /// The same for results too large for memory, which some drivers would fetch as a whole.
    virtual result<std::size_t> stream(std::string_view sql, std::span<const argument> in, std::span<const target> out,
                                       row_sink& sink) {
        return select(sql, in, out, sink);
    }

    /// The generated key of the last inserted row, for databases without INSERT ... RETURNING.
    virtual std::int64_t last_key() noexcept { return 0; }

    /// Opens a transaction that may write; no nesting.
    virtual result<void> begin() = 0;
    /// Ends the transaction in any case. After a failure nothing was stored, except with the code `outcome_unknown`:
    /// the connection was lost during the commit.
    virtual result<void> commit() = 0;
    virtual void rollback() noexcept = 0;
    virtual bool in_transaction() const noexcept = 0;

    /// The SQL dialect of this database.
    virtual const orm::dialect& dialect() const noexcept = 0;
};

} // namespace weir::orm
