// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/http/limits.hpp>
#include <weir/http/router.hpp>
#include <weir/http/tls.hpp>
#include <weir/observe/log.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::http {

/// Loopback, private and link-local networks, which are not routed on the internet.
std::vector<std::string> unrouted_networks();

struct server_options {
    std::string address = "0.0.0.0"; ///< IPv4 or IPv6 address to listen on; "::" for both
    std::uint16_t port = 8080;       ///< 0: any free port, see `server::port()`
    unsigned loops = 0;              ///< threads that serve; 0: one per processor
    int backlog = 1024;              ///< connections that the kernel may queue per loop
    /// Connections open at once; one more is answered with 503 and Retry-After. At most nine tenths of the process's
    /// descriptors: `start` raises the soft limit to the hard one, and logs if that isn't enough.
    std::size_t connections = 10000;
    /// Connections open at once from one IPv4 address or one IPv6 /64, over all loops; one more is answered the same
    /// way. 0: no limit. Counts TCP peers: behind a proxy that is the proxy, regardless of `trusted_proxies`.
    std::size_t connections_per_address = 1000;
    /// Addresses and networks ("203.0.113.7", "2001:db8::/32") without a limit per address: your own proxies and load
    /// balancers. By default those not routed on the internet, so localhost isn't limited either.
    std::vector<std::string> unlimited_networks = unrouted_networks();
    /// Bytes of memory for incomplete requests, over all connections; a request beyond it is answered with 503 and
    /// Retry-After. A body that a handler streams uses at most `limits::pipelined` of it.
    std::size_t incoming_memory = 512 * 1024 * 1024;
    http::limits limits{};           ///< of each connection; a TLS handshake also has `head_time`
    std::optional<server_tls> tls{}; ///< HTTPS; a request without TLS is then answered with 400 and closed
    /// Receives a line per exception from background work, a spawned task or a posted function (the loop continues),
    /// and at most one per second for each event that `server_stats` counts. Without it, exceptions are written to
    /// stderr.
    logger log{};
};

struct server_stats {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;            ///< beyond `connections` or `connections_per_address`
    std::uint64_t refused_by_address = 0; ///< of those, beyond `connections_per_address`
    std::uint64_t accept_failed = 0;      ///< failed accepts because the system was out of descriptors or memory
    std::uint64_t handshake_failed = 0;   ///< TLS handshakes that did not complete
    std::uint64_t malformed = 0;          ///< requests whose head was refused
    std::uint64_t aborted = 0;            ///< connections and background work still busy at the drain's deadline
    std::size_t open = 0;
    std::size_t limit = 0; ///< open connections allowed: `connections`, or what descriptors permit
};

/// HTTP/1.1 on sockets: one thread and one SO_REUSEPORT listener per loop; a connection stays on its loop. The threads
/// are named `weir-0`, `weir-1`, ... Start and stop it from one control loop.
class server {
public:
    server(const router& routes, server_options options = {}, const weir::clock& time = system_clock());
    /// Aborts connections that are still open.
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Binds and starts serving. Returns errc::unavailable if the address can't be bound, and errc::invalid_argument,
    /// with the reason, if a file of `tls`, one of `unlimited_networks` or one of `limits` is invalid.
    result<void> start();

    /// Stops in order: accepts queued connections and closes the listeners; answers requests in flight with
    /// `Connection: close`; closes idle connections after a short grace period. Completes when the last connection is
    /// closed and all background work has ended; errc::deadline_exceeded if some had to be aborted at `deadline`.
    task<result<void>> stop(time_point deadline);

    /// Reloads the files of `tls` for new connections; open ones keep their certificate. Returns
    /// errc::invalid_argument, and changes nothing, if a file is invalid or there is no `tls`. Thread-safe; reads
    /// files, so don't call it on a busy loop.
    result<void> reload_tls();

    bool has_tls() const noexcept;
    /// The listening port, once started.
    std::uint16_t port() const noexcept;
    /// Sums over all loops; thread-safe.
    server_stats stats() const noexcept;

private:
    struct impl;

    std::unique_ptr<impl> impl_;
};

} // namespace weir::http

namespace weir {
using http::server;
using http::server_options;
} // namespace weir
