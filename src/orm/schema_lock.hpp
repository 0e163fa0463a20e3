// SPDX-License-Identifier: MIT
#pragma once

#include "orm/dialect.hpp"
#include <weir/orm/operations.hpp>

namespace weir::orm {

// Runs `f() -> result<...>` in a transaction during which no other program changes the schema.
template<class F>
auto with_schema_locked(session& s, F f) -> decltype(f()) {
    return detail::atomically(s, [&]() -> decltype(f()) {
        const auto& speaks = s.dialect();
        if (auto locked = speaks.lock_schema(s); !locked) return locked.error();
        struct guard {
            const dialect& speaks;
            session& s;
            ~guard() { speaks.unlock_schema(s); }
        } const unlocked_again{speaks, s};
        return f();
    });
}

} // namespace weir::orm
