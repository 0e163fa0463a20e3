// SPDX-License-Identifier: MIT
#pragma once

#include "orm/sql/database_error.hpp"
#include <weir/core/clock.hpp>

#include <stop_token>

namespace weir::orm {

// When a job must end: on cancellation, at its deadline, or when one statement takes too long.
struct job_limits {
    std::stop_token stop{};
    const weir::clock* time = &system_clock();
    time_point deadline = time_point::max();
    duration statement_timeout = std::chrono::seconds(5);

    // The reason to end now; no error while there is time.
    error reason(time_point statement_ends = time_point::max()) const {
        if (stop.stop_requested()) return errc::cancelled;
        const time_point now = time->now();
        if (now >= deadline) return errc::deadline_exceeded;
        if (now >= statement_ends) return statement_too_slow();
        return {};
    }

    time_point statement_end() const { return weir::detail::later(time->now(), statement_timeout); }
};

} // namespace weir::orm
