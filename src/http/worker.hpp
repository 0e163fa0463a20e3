// SPDX-License-Identifier: MIT
#pragma once

#include "http/address_limit.hpp"
#include "http/block_pool.hpp"
#include "http/descriptor_limit.hpp"
#include "http/read_buffer.hpp"
#include "http/server_events.hpp"
#include "http/session.hpp"
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
/// Counts without atomics, as a connection never leaves its loop.
using connection_pointer = boost::intrusive_ptr<connection>;

/// Counters that all loops of a server share.
struct server_counters {
    std::atomic<std::uint64_t> accepted{0};
    server_events events{};
    memory_budget incoming{};
    std::atomic<std::uint64_t> cut{0};
    std::atomic<std::size_t> open{0};
};

/// One loop of a server: its listener, its connections, and the memory they take turns with.
/// Everything but `loop().post` is for the loop's thread.
class worker {
public:
    worker(std::shared_ptr<const route_table> routes, const server_options& options, server_counters& counters,
           const weir::clock& time);
    ~worker();

    /// Takes each further connection as TLS, with the certificate that is there by then.
    void use_tls(const tls_slot& certificates) noexcept { tls_ = &certificates; }
    /// Takes no more connections from one address than that.
    void limit_addresses(address_limit& by) noexcept { addresses_ = &by; }
    /// Binds before the thread runs; `port` 0 picks one and is updated. The first of a server's workers makes
    /// sure that nobody else listens there.
    result<void> listen(std::uint16_t& port, bool first);
    void accept();
    /// Begins the end; `gone` is called on this loop once the last connection has closed.
    void drain(std::function<void()> gone);
    /// Closes what is left; `server_counters::cut` counts those that were still busy.
    void cut();

    weir::loop& loop() noexcept { return loop_; }
    session_host& host() noexcept { return host_; }
    server_counters& counters() noexcept { return counters_; }
    /// How many connections have a read buffer right now.
    std::size_t lent_buffers() const noexcept;

    // For connections.
    read_buffer take_buffer();
    void return_buffer(read_buffer used);
    block_pool& operations() noexcept { return operations_; }
    void arm_later(connection_pointer one);
    void retire(connection& one);

private:
    // One that was told so and may still be sending: closing at once would reset it, and lose what it was told.
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
    void tell_gone();
    void settle() noexcept;
    void sweep();
    void schedule_sweep();
    void find_idle(time_point now);
    void give_memory_back();

    const server_options& options_;
    server_counters& counters_;
    block_pool operations_;              // outlives the loop's pending operations
    const tls_slot* tls_ = nullptr;      // null in clear
    address_limit* addresses_ = nullptr; // null: as many as there are
    weir::loop loop_;
    session_host host_;
    tcp_acceptor acceptor_;
    tcp::endpoint peer_;
    std::vector<connection_pointer> connections_;
    std::vector<connection_pointer> to_arm_;
    std::vector<connection_pointer> longest_idle_; // the last one longest; near the cap alone
    std::size_t peak_ = 0;                         // of connections, since memory was given back
    std::size_t reserved_ = 0;                     // connections beyond the cap
    std::vector<read_buffer> spare_;
    std::deque<refused_socket> refused_; // in the order they were, so the first ones go first
    std::function<void()> gone_;
    spare_descriptor spare_descriptor_;
    bool accepting_ = false;
    bool sweeping_ = false;
};

} // namespace weir::http::detail
