// SPDX-License-Identifier: MIT
#include "orm/migrate/schema_lock.hpp"

#include "orm/sql/dialect.hpp"
#include <weir/orm/detail/operations.hpp>

#include <thread>

namespace weir::orm {

schema_lock::~schema_lock() {
    if (!joins_ && session_.in_transaction()) session_.rollback();
    if (locked_) session_.dialect().unlock_schema(session_);
}

result<void> schema_lock::take(duration wait) {
    const time_point give_up_at = weir::detail::later(system_clock().now(), wait);
    for (;;) {
        const auto taken = take_at_once();
        if (!taken) return taken.error();
        if (*taken) return ok();
        if (system_clock().now() >= give_up_at)
            return error(errc::unavailable, "another program is changing the schema");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// Each attempt needs a new transaction, or it might not see the other program's changes.
result<bool> schema_lock::take_at_once() {
    auto begun = begin();
    if (!begun || !*begun) return begun;
    auto taken = session_.dialect().try_lock_schema(session_);
    locked_ = taken && *taken;
    if (!locked_ && !joins_) session_.rollback();
    return taken;
}

// False if another program's transaction keeps this one from beginning.
result<bool> schema_lock::begin() {
    if (joins_) return true;
    const auto begun = session_.begin();
    if (begun) return true;
    if (session_.dialect().is_locked_out(begun.error())) return false;
    return detail::failed<bool>(begun.error());
}

result<void> schema_lock::commit() { return joins_ ? ok() : session_.commit(); }

} // namespace weir::orm
