// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/address_limit.hpp"
#include "http/server/block_pool.hpp"
#include "http/server/descriptor_limit.hpp"
#include "http/server/read_buffer.hpp"
#include "http/server/server_events.hpp"
#include "http/server/session.hpp"
#include <weir/http/server.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::http::detail {

using tcp = boost::asio::ip::tcp;
using tcp_socket = boost::asio::basic_stream_socket<tcp, boost::asio::io_context::executor_type>;
using tcp_acceptor = boost::asio::basic_socket_acceptor<tcp, boost::asio::io_context::executor_type>;

class connection;
class tls_slot;
/// Reference-counted without atomics, as a connection never leaves its loop.
using connection_pointer = boost::intrusive_ptr<connection>;

/// Counters shared by all loops of a server.
struct server_counters {
    std::atomic<std::uint64_t> accepted{0};
    server_events events{};
    memory_budget incoming{};
    std::atomic<std::uint64_t> aborted{0};
    std::atomic<std::size_t> open{0};
};

/// One loop of a server: its listener, its connections, and the memory they share. Everything except `loop().post` must
/// be called on the loop's thread.
class worker {
public:
    worker(std::shared_ptr<const route_table> routes, const server_options& options, server_counters& counters,
           const weir::clock& time);
    ~worker();

    /// Uses TLS for further connections, with the certificate current at that time.
    void use_tls(const tls_slot& certificates) noexcept { tls_ = &certificates; }
    /// Limits the connections per address.
    void limit_addresses(address_limit& by) noexcept { addresses_ = &by; }
    /// Binds before the thread runs; `port` 0 picks a free port and is updated. The server's first worker ensures that
    /// no other process listens there.
    result<void> listen(std::uint16_t& port, bool first);
    void accept();
    /// Starts the drain; `gone` is called on this loop once the last connection has closed.
    void drain(std::function<void()> gone);
    /// Aborts the remaining connections; `server_counters::aborted` counts those that were still busy.
    void abort_all();

    weir::loop& loop() noexcept { return loop_; }
    session_host& host() noexcept { return host_; }
    server_counters& counters() noexcept { return counters_; }
    /// The number of connections that currently have a read buffer.
    std::size_t lent_buffers() const noexcept;

    // For connections.
    read_buffer take_buffer();
    void return_buffer(read_buffer used);
    block_pool& operations() noexcept { return operations_; }
    void arm_later(connection_pointer one);
    void retire(connection& one);

private:
    // A refused connection whose answer may still be in transit: closing it at once would reset it and lose the answer.
    struct refused_socket {
        tcp_socket socket;
        time_point until;
    };

    void accept_some();
    void accept_failed(const boost::system::error_code& why);
    void turn_away();
    void admit(tcp_socket socket, const tcp::endpoint& peer);
    bool make_room();
    void refuse(tcp_socket socket, std::string_view answer);
    void accept_rest();
    void report_if_drained();
    void settle() noexcept;
    void sweep();
    void schedule_sweep();
    void find_idle(time_point now);
    void give_memory_back();

    const server_options& options_;
    server_counters& counters_;
    block_pool operations_;              // outlives the loop's pending operations
    const tls_slot* tls_ = nullptr;      // null without TLS
    address_limit* addresses_ = nullptr; // null: no limit
    weir::loop loop_;
    session_host host_;
    tcp_acceptor acceptor_;
    tcp::endpoint peer_;
    std::vector<connection_pointer> connections_;
    std::vector<connection_pointer> to_arm_;
    std::vector<connection_pointer> longest_idle_; // the longest last; only near the limit
    std::size_t peak_ = 0;                         // of connections, since memory was last returned
    std::size_t reserved_ = 0;                     // connections beyond the limit
    std::vector<read_buffer> spare_;
    std::deque<refused_socket> refused_; // oldest first
    std::function<void()> gone_;
    spare_descriptor spare_descriptor_;
    bool accepting_ = false;
    bool sweeping_ = false;
};

} // namespace weir::http::detail
