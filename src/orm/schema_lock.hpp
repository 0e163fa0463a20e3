// SPDX-License-Identifier: MIT
#pragma once

#include "orm/dialect.hpp"
#include <weir/orm/operations.hpp>

namespace weir::orm {

// Runs `f() -> result<...>` in a transaction during which no other program changes the schema. The next one begins
// when the transaction has ended, and sees what it did.
template<class F>
auto with_schema_locked(session& s, F f) -> decltype(f()) {
    struct guard {
        session& s;
        bool locked = false;
        ~guard() {
            if (locked) s.dialect().unlock_schema(s);
        }
    } lock{s};
    return detail::atomically(s, [&]() -> decltype(f()) {
        if (auto locked = s.dialect().lock_schema(s); !locked) return locked.error();
        lock.locked = true;
        return f();
    });
}

} // namespace weir::orm
