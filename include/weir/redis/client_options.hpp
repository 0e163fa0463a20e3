// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weir {
class histogram;
}

namespace weir::redis {

/// A change of a client's connections, for logs and alarms.
struct client_event {
    enum class kind : std::uint8_t {
        connected, ///< a connection is ready for commands
        lost,      ///< a connection has ended, or couldn't be opened; `reason` says why
        failover,  ///< Sentinel names another master: `address`
    };

    kind what = kind::connected;
    std::string address{}; ///< host:port
    error reason{};
};

/// Options of a client. Its constructor rejects invalid ones with error_exception (errc::invalid_argument) that names
/// the option. duration::max() means no limit.
struct client_options {
    /// `redis://user:password@host:6379/0`; everything but the host is optional; `user` needs Redis 6. Sentinel:
    /// `redis+sentinel://host:26379,host/master/0`. Cluster: `redis+cluster://host:6379,host`.
    std::string url = "redis://127.0.0.1:6379";
    std::string name = "weir"; ///< CLIENT SETNAME, without spaces; empty: none
    /// for Sentinel itself, if it requires a password; the URL's user and password are the master's
    std::string sentinel_user{};
    std::string sentinel_password{};

    std::size_t connections = 1; ///< shared by the commands of a loop, for each loop and node; 1 to 64
    std::size_t max_dedicated =
        64; ///< connections of a loop in use for one caller each: `acquire` and blocking commands

    duration timeout = std::chrono::seconds(1);         ///< of one command; the context's deadline also applies
    duration connect_timeout = std::chrono::seconds(1); ///< look-up, TCP and authentication, each attempt
    /// how long a command waits while there is no connection, before it fails; 0: not at all
    duration connect_wait = std::chrono::milliseconds(250);
    /// A server that sends nothing for this long while commands wait is given up: the connection is closed.
    duration stall_timeout = std::chrono::seconds(2);
    duration reconnect_base = std::chrono::milliseconds(20); ///< pause after a failed attempt, doubled each time, ±50 %
    duration reconnect_max = std::chrono::seconds(1);

    std::size_t max_reply = 64 * 1024 * 1024;         ///< bytes of one reply; a larger one closes the connection
    std::size_t max_pending_bytes = 16 * 1024 * 1024; ///< commands without a reply yet, per connection

    /// Called later on the connection's loop. Exceptions leave the loop's run().
    std::function<void(const client_event&)> on_event{};
    weir::histogram* latency = nullptr; ///< observes each command's time; must outlive the client
    /// replaces the randomness of back-off in tests: returns a number in [0, 1)
    std::function<double()> random{};
};

struct client_stats {
    std::uint64_t commands = 0;  ///< sent; a command of a pipeline counts
    std::uint64_t replies = 0;   ///< received, error replies too
    std::uint64_t errors = 0;    ///< error replies
    std::uint64_t lost = 0;      ///< failed with `unavailable`: no connection in time, or a broken one
    std::uint64_t late = 0;      ///< given up at their deadline
    std::uint64_t cancelled = 0; ///< given up by their caller
    std::uint64_t refused = 0;   ///< beyond max_pending_bytes or max_dedicated
    std::uint64_t sent = 0;      ///< bytes
    std::uint64_t received = 0;
    std::uint64_t writes = 0;     ///< system calls that sent bytes
    std::uint64_t connected = 0;  ///< connections made
    std::uint64_t reconnects = 0; ///< of these, in place of a lost one
    std::uint64_t dropped = 0;    ///< connections lost
    std::uint64_t failovers = 0;  ///< Sentinel: changes of the master
    std::uint64_t redirects = 0;  ///< Cluster: MOVED and ASK replies followed
    std::size_t in_flight = 0;    ///< commands that wait for their reply, abandoned ones too
    std::size_t waiting = 0;      ///< commands that wait to be sent
    std::size_t open = 0;         ///< connections
};

} // namespace weir::redis
