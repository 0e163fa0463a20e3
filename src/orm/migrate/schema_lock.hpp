// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/migrate.hpp>

namespace weir::orm {

// A transaction, or the one that is open, during which no other program changes the schema. Rolls back what isn't
// committed. The next holder's transaction begins after this one has ended, and sees its changes.
class schema_lock {
public:
    explicit schema_lock(session& s) : session_(s), joins_(s.in_transaction()) {}
    schema_lock(const schema_lock&) = delete;
    schema_lock& operator=(const schema_lock&) = delete;
    ~schema_lock();

    // Waits while another program has the lock. Polls: no statement takes long, so neither statement_timeout nor the
    // server's own limit ends the wait, and the end of the job is noticed between two attempts.
    result<void> take(duration wait);
    result<void> commit();

private:
    result<bool> take_at_once();
    result<bool> begin();

    session& session_;
    const bool joins_;
    bool locked_ = false;
};

// Runs `f() -> result<...>` under the lock.
template<class F>
auto with_schema_locked(session& s, migrate_options options, F f) -> decltype(f()) {
    schema_lock lock(s);
    if (auto taken = lock.take(options.wait); !taken) return taken.error();
    auto out = f();
    if (!out) return out;
    if (auto stored = lock.commit(); !stored) return stored.error();
    return out;
}

} // namespace weir::orm
