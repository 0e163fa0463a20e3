// SPDX-License-Identifier: MIT
#include "app/shutdown_watchdog.hpp"

#include <cstdlib>

namespace weir {

void shutdown_watchdog::arm(duration limit, const logger& log) {
    if (limit == duration::max() || watcher_.joinable()) return;
    try {
        watcher_ = std::thread([this, limit, log] { watch(limit, log); });
    } catch (...) {
        log.error("can't start the shutdown watchdog", field("error", current_error()));
    }
}

void shutdown_watchdog::disarm() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    ended_.notify_all();
    if (watcher_.joinable()) watcher_.join();
}

void shutdown_watchdog::watch(duration limit, const logger& log) {
    std::unique_lock lock(mutex_);
    if (ended_.wait_for(lock, limit, [this] { return over_; })) return;
    log.error("the shutdown hangs: a part blocks or a job doesn't end; ending the process");
    static_cast<void>(log.flush()); // a failure can't be reported any more
    std::_Exit(1);
}

} // namespace weir
