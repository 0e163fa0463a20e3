// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <boost/assert/source_location.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace weir::orm {

/// A connection in use for longer than leak_detection_threshold.
struct pool_leak {
    boost::source_location borrower{}; ///< the call of `transaction` or `read`; line 0: another call
    duration lent_for{};
};

/// Options of a pool of connections to one node. Names, meanings and most defaults are HikariCP's
/// (https://github.com/brettwooldridge/HikariCP#gear-configuration-knobs-baby). duration::max() means no limit, as does
/// 0 where the comment says `never`.
struct pool_options {
    std::size_t maximum_pool_size = 10;        ///< connections, in use and idle, each with a thread; at least 1
    std::optional<std::size_t> minimum_idle{}; ///< idle connections to keep ready; unset: opened on demand, then kept
    std::size_t maximum_pending = 1024;        ///< calls that may wait, at least 1; beyond: errc::unavailable
    /// how long a call waits for a connection (HikariCP: 30 s); 0: no limit
    duration connection_timeout = std::chrono::seconds(3);
    /// an idle connection is closed after this, down to minimum_idle; 0: never
    duration idle_timeout = std::chrono::minutes(10);
    /// an idle connection of this age is closed, up to 2.5 % earlier; 0: never
    duration max_lifetime = std::chrono::minutes(30);
    duration keepalive_time = std::chrono::minutes(2); ///< interval of liveness checks of an idle connection; 0: never
    duration validation_timeout =
        std::chrono::seconds(1);         ///< time limit of a liveness check (HikariCP: 5 s); more than 0
    duration leak_detection_threshold{}; ///< a connection in use for longer is reported to on_leak; 0: never
    /// called once per leak, on the pool's housekeeping thread; must not throw
    std::function<void(const pool_leak&)> on_leak{};
    duration initialization_fail_timeout{}; ///< how long open() retries before it fails; 0: tries once
    std::string connection_init_sql{};      ///< a statement that every new connection runs first
};

struct pool_stats {
    std::size_t active = 0;  ///< connections in use
    std::size_t idle = 0;    ///< connections ready for use
    std::size_t leaving = 0; ///< cut connections that the server hasn't closed yet
    std::size_t pending = 0; ///< waiting calls
    std::size_t maximum = 0;
    std::size_t minimum_idle = 0;
    std::uint64_t completed = 0; ///< calls that ran, in total
    std::uint64_t opened = 0;    ///< connections opened, in total
    std::uint64_t dropped = 0;   ///< broken connections, in total
    std::uint64_t timeouts = 0;  ///< calls that got no connection within connection_timeout
    std::uint64_t refused = 0;   ///< calls beyond maximum_pending
    std::uint64_t leaks = 0;     ///< connections in use for longer than leak_detection_threshold
    duration waiting{};          ///< total time that completed calls waited for a connection
    duration usage{};            ///< total time that completed calls used a connection
    duration creation{};         ///< total time to open connections

    std::size_t total() const { return active + idle + leaving; }
};

} // namespace weir::orm
