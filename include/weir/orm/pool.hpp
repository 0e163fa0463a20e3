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

/// A connection that is lent for longer than it should be.
struct pool_leak {
    boost::source_location borrower{}; ///< the call of `transaction` or `read`; line 0: another call
    duration lent_for{};
};

/// A pool of connections to one node. Names, meanings and, where they fit, defaults are HikariCP's
/// (https://github.com/brettwooldridge/HikariCP#gear-configuration-knobs-baby). duration::max() means no limit, as 0
/// does where it says `never`.
struct pool_options {
    std::size_t maximum_pool_size = 10;        ///< connections, lent and idle; each has a thread; 1 and more
    std::optional<std::size_t> minimum_idle{}; ///< kept ready; none given: opened when needed, then kept
    std::size_t maximum_pending = 1024;        ///< calls that may wait, 1 and more; beyond: errc::unavailable
    /// how long a call waits for a connection (HikariCP: 30 s); 0: without a limit
    duration connection_timeout = std::chrono::seconds(3);
    duration idle_timeout = std::chrono::minutes(10);  ///< unused for so long: closed, down to minimum_idle; 0: never
    duration max_lifetime = std::chrono::minutes(30);  ///< closed after that when idle, up to 2.5 % earlier; 0: never
    duration keepalive_time = std::chrono::minutes(2); ///< an idle connection is asked so often; 0: never
    duration validation_timeout =
        std::chrono::seconds(1);                     ///< how long the answer may take (HikariCP: 5 s); more than 0
    duration leak_detection_threshold{};             ///< a connection lent for longer is reported to on_leak; 0: never
    std::function<void(const pool_leak&)> on_leak{}; ///< once for each; on the pool's own thread; doesn't throw
    duration initialization_fail_timeout{};          ///< open() tries for so long before it fails; 0: once
    std::string connection_init_sql{};               ///< a statement that every new connection runs first
};

struct pool_stats {
    std::size_t active = 0;  ///< connections lent
    std::size_t idle = 0;    ///< connections ready
    std::size_t leaving = 0; ///< connections that were cut, and whose server hasn't closed its end yet
    std::size_t pending = 0; ///< calls that wait
    std::size_t maximum = 0;
    std::size_t minimum_idle = 0;
    std::uint64_t completed = 0; ///< calls that ran, over all time
    std::uint64_t opened = 0;    ///< connections, over all time
    std::uint64_t dropped = 0;   ///< of them closed because they were broken
    std::uint64_t timeouts = 0;  ///< calls that waited for connection_timeout in vain
    std::uint64_t refused = 0;   ///< calls beyond maximum_pending
    std::uint64_t leaks = 0;     ///< connections lent for longer than leak_detection_threshold
    duration waiting{};          ///< by the completed calls for their connections, over all time
    duration usage{};            ///< of connections by the completed calls
    duration creation{};         ///< of the opened connections

    std::size_t total() const { return active + idle + leaving; }
};

} // namespace weir::orm
