// SPDX-License-Identifier: MIT
#pragma once

#include "http/session.hpp"
#include <weir/http/server.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace weir::http::detail {

using tcp = boost::asio::ip::tcp;
using tcp_socket = boost::asio::basic_stream_socket<tcp, boost::asio::io_context::executor_type>;
using tcp_acceptor = boost::asio::basic_socket_acceptor<tcp, boost::asio::io_context::executor_type>;

class connection;

/// Counters that all loops of a server share.
struct server_counters {
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> cut{0};
    std::atomic<std::size_t> open{0};
};

/// One loop of a server: its listener, its connections, and the memory they take turns with.
/// Everything but `loop().post` is for the loop's thread.
class worker {
public:
    static constexpr std::size_t buffer_size = 16 * 1024;
    using buffer = std::unique_ptr<char[]>;

    worker(std::shared_ptr<const route_table> routes, const server_options& options, server_counters& counters,
           const weir::clock& time);
    ~worker();

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
    /// How many connections have a read buffer right now.
    std::size_t lent_buffers() const noexcept;

    // For connections.
    buffer take_buffer();
    void return_buffer(buffer used);
    void arm_later(std::shared_ptr<connection> one);
    void retire(connection& one);

private:
    void admit(tcp_socket socket, const tcp::endpoint& peer);
    void refuse(tcp_socket& socket);
    void accept_rest();
    void tell_gone();
    void sweep();
    void schedule_sweep();

    const server_options& options_;
    server_counters& counters_;
    weir::loop loop_;
    session_host host_;
    tcp_acceptor acceptor_;
    tcp::endpoint peer_;
    std::vector<std::shared_ptr<connection>> connections_;
    std::vector<std::shared_ptr<connection>> to_arm_;
    std::vector<buffer> spare_;
    std::function<void()> gone_;
    bool accepting_ = false;
    bool sweeping_ = false;
};

} // namespace weir::http::detail
