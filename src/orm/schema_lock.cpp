// SPDX-License-Identifier: MIT
#include "orm/schema_lock.hpp"

#include "orm/dialect.hpp"
#include <weir/orm/operations.hpp>

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
        if (system_clock().now() >= give_up_at) return error(errc::unavailable, "another program changes the schema");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// Each time in a transaction of its own, or it might not see what the other program did.
result<bool> schema_lock::take_at_once() {
    auto begun = begin();
    if (!begun || !*begun) return begun;
    auto taken = session_.dialect().try_lock_schema(session_);
    locked_ = taken && *taken;
    if (!locked_ && !joins_) session_.rollback();
    return taken;
}

// False where the transaction can't begin for the other program's one.
result<bool> schema_lock::begin() {
    if (joins_) return true;
    const auto begun = session_.begin();
    if (begun) return true;
    if (session_.dialect().is_locked_out(begun.error())) return false;
    return detail::failed<bool>(begun.error());
}

result<void> schema_lock::commit() { return joins_ ? ok() : session_.commit(); }

} // namespace weir::orm
