// SPDX-License-Identifier: MIT
#include "app/last_resort.hpp"

#include <cstdlib>

namespace weir {

void last_resort::arm(duration limit, const logger& log) {
    if (limit == duration::max() || watcher_.joinable()) return;
    try {
        watcher_ = std::thread([this, limit, log] { watch(limit, log); });
    } catch (...) {
        log.error("nothing watches over the stop's deadlines", field("error", current_error()));
    }
}

void last_resort::disarm() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    ended_.notify_all();
    if (watcher_.joinable()) watcher_.join();
}

void last_resort::watch(duration limit, const logger& log) {
    std::unique_lock lock(mutex_);
    if (ended_.wait_for(lock, limit, [this] { return over_; })) return;
    log.error("the stop hangs: a part blocks or a job doesn't end; ending the process");
    static_cast<void>(log.flush()); // nobody is left to hear that it failed
    std::_Exit(1);
}

} // namespace weir
