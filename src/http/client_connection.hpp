// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_url.hpp"
#include "http/tls.hpp"
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

/// One TCP connection of the client, with TLS where the URL asks for it. It runs on its loop's own
/// executor, so that it may outlive the request that opened it.
class client_connection {
public:
    using tcp = boost::asio::ip::tcp;
    using socket_type = boost::asio::basic_stream_socket<tcp, boost::asio::io_context::executor_type>;
    using endpoint = tcp::endpoint;
    using error_code = boost::system::error_code;

    explicit client_connection(boost::asio::io_context& io) : socket_(io.get_executor()) {}
    client_connection(const client_connection&) = delete;
    client_connection& operator=(const client_connection&) = delete;

    /// Calls `tell` once, later, also when the connection is closed or destroyed meanwhile.
    void connect(endpoint to, std::function<void(error_code)> tell);
    /// Sets what a connected socket needs.
    error_code prepare();
    /// errc::unavailable says what was wrong with the certificate or the handshake.
    task<result<void>> handshake(boost::asio::ssl::context& context, const client_url& url, bool verify);

    task<error_code> write(std::string_view head, std::string_view body);
    /// At least one byte, or an error. The peer's orderly end is asio::error::eof.
    task<std::size_t> read(std::span<char> into, error_code& failed);

    /// Ends whatever is under way.
    void close() noexcept;
    /// Whether it hasn't been closed on this side.
    bool open() const noexcept { return socket_.is_open(); }
    /// Whether an idle connection is still open and no byte of an answer has come; session tickets are taken in.
    /// One system call. Where it is false the connection can't be used any more.
    bool quiet();

    bool reused = false; ///< it has served a call before
    time_point idle_since{};

private:
    socket_type socket_;
    std::optional<boost::asio::ssl::stream<socket_type&>> tls_;
};

} // namespace weir::http
