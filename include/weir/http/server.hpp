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

/// Loopback, private and link-local networks: nothing that comes from the internet.
std::vector<std::string> unrouted_networks();

struct server_options {
    std::string address = "0.0.0.0"; ///< IPv4 or IPv6 address to listen on; "::" for both
    std::uint16_t port = 8080;       ///< 0: any free one, see `server::port()`
    unsigned loops = 0;              ///< threads that serve; 0: one per processor
    int backlog = 1024;              ///< connections the kernel may hold ready per loop
    /// Open at once; one more is answered 503 with Retry-After. No more than nine tenths of the descriptors that the
    /// process may have: `start` raises the soft limit to the hard one, and logs where that isn't enough.
    std::size_t connections = 10000;
    /// Of those, from one IPv4 address or one IPv6 /64, over all loops; one more is answered likewise. 0: any
    /// number. It is the TCP peer that counts: behind a proxy that is the proxy, whatever `trusted_proxies` says.
    std::size_t connections_per_address = 1000;
    /// Addresses and networks ("203.0.113.7", "2001:db8::/32") of which any number may come: our own proxies and
    /// load balancers. By default those that aren't routed on the internet, so localhost isn't limited either.
    std::vector<std::string> unlimited_networks = unrouted_networks();
    /// Bytes of memory for requests that haven't come whole, over all connections; a request beyond it is answered 503
    /// with Retry-After. A body that a handler reads as a stream takes `limits::pipelined` of it at most.
    std::size_t incoming_memory = 512 * 1024 * 1024;
    http::limits limits{};           ///< of each connection; a TLS handshake has `head_time` as well
    std::optional<server_tls> tls{}; ///< HTTPS; a request in clear is then answered 400, and closed
    /// Gets a line for what background work, a spawned task or a posted function has thrown (the loop goes on), and
    /// at most one a second for each kind of what `server_stats` counts. Without it exceptions are a line on stderr.
    logger log{};
};

struct server_stats {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;          ///< beyond `connections` or `connections_per_address`
    std::uint64_t crowded = 0;          ///< of those, beyond `connections_per_address`
    std::uint64_t accept_failed = 0;    ///< tries to accept for which the system had no descriptor or memory
    std::uint64_t handshake_failed = 0; ///< TLS handshakes that didn't come to their end
    std::uint64_t malformed = 0;        ///< requests whose head was refused
    std::uint64_t cut = 0;              ///< connections and background work still busy when the drain's deadline came
    std::size_t open = 0;
    std::size_t limit = 0; ///< how many connections may be open: `connections`, or what descriptors allow
};

/// HTTP/1.1 on sockets: one thread and one SO_REUSEPORT listener per loop; a connection lives and dies on
/// its loop. The threads are named `weir-0`, `weir-1`, ... Started and stopped from one control loop.
class server {
public:
    server(const router& routes, server_options options = {}, const weir::clock& time = system_clock());
    /// Cuts what is still open.
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Binds and starts serving. errc::unavailable when the address can't be had, errc::invalid_argument when
    /// a file of `tls`, one of `unlimited_networks` or one of `limits` can't be used, with the reason.
    result<void> start();

    /// Stops in order: the accept queue is emptied, the listeners close; requests in flight are answered
    /// with `Connection: close`; idle connections close after a short grace. Completes when the last
    /// connection is gone and all background work has ended; errc::deadline_exceeded when some had to be cut at
    /// `deadline`.
    task<result<void>> stop(time_point deadline);

    /// Reads the files of `tls` again, for connections from now on; those that are open keep the certificate
    /// they began with. errc::invalid_argument, and everything stays as it is, when a file can't be used or
    /// there is no `tls`. Thread-safe; reads files, so it doesn't belong on a busy loop.
    result<void> reload_tls();

    bool has_tls() const noexcept;
    /// The port it listens on, once started.
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
