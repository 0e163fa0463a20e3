// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/url.hpp"
#include "http/tls/tls.hpp"
#include <weir/core/task.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace weir::http {

/// One TCP connection of the client, with TLS if the URL uses it. It runs on its loop's own executor, so that it may
/// outlive the request that opened it.
class client_connection {
public:
    using tcp = boost::asio::ip::tcp;
    using socket_type = boost::asio::basic_stream_socket<tcp, boost::asio::io_context::executor_type>;
    using endpoint = tcp::endpoint;
    using error_code = boost::system::error_code;

    explicit client_connection(boost::asio::io_context& io) : socket_(io.get_executor()) {}
    client_connection(const client_connection&) = delete;
    client_connection& operator=(const client_connection&) = delete;

    /// Calls `done` once, later, even if the connection is closed or destroyed in the meantime.
    void connect(endpoint to, std::function<void(error_code)> done);
    /// Sets the options of a connected socket.
    error_code prepare();
    /// errc::unavailable describes the defect of the certificate or the handshake.
    task<result<void>> handshake(boost::asio::ssl::context& context, const client_url& url, bool verify);

    task<error_code> write(std::string_view head, std::string_view body);
    /// Returns at least one byte, or an error. The peer's orderly close is asio::error::eof.
    task<std::size_t> read(std::span<char> into, error_code& failed);

    /// Aborts all pending operations.
    void close() noexcept;
    /// Whether it hasn't been closed on this side.
    bool open() const noexcept { return socket_.is_open(); }
    /// Whether an idle connection is still open and no byte of a response has arrived; session tickets are consumed.
    /// One system call. If false, the connection can't be used any more.
    bool quiet();

    bool reused = false; ///< it has served a call before
    time_point idle_since{};

private:
    socket_type socket_;
    std::optional<boost::asio::ssl::stream<socket_type&>> tls_;
};

} // namespace weir::http
