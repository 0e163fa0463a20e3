// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>

namespace test_support {

/// Boost.Beast's WebSocket client, blocking; waits for at most 20 seconds, then throws.
template<class Stream>
class basic_beast_client {
public:
    using tcp_socket = boost::asio::ip::tcp::socket;
    using frame_type = boost::beast::websocket::frame_type;

    void send(std::string_view text) { stream_.write(boost::asio::buffer(text)); }
    void send_binary(std::string_view bytes) {
        stream_.binary(true);
        stream_.write(boost::asio::buffer(bytes));
        stream_.binary(false);
    }
    // Sends in frames of that size, with a ping between two of them.
    void send_in_parts(std::string_view text, std::size_t size) {
        for (; text.size() > size; text.remove_prefix(size)) {
            stream_.write_some(false, boost::asio::buffer(text.substr(0, size)));
            stream_.ping("between");
        }
        stream_.write_some(true, boost::asio::buffer(text));
    }
    std::string receive() {
        boost::beast::flat_buffer buffer;
        stream_.read(buffer);
        return boost::beast::buffers_to_string(buffer.data());
    }
    bool got_binary() const { return stream_.got_binary(); }
    // Does the closing handshake, and ends the connection below.
    void close(boost::beast::websocket::close_code code) { stream_.close(code); }
    // Returns the code that the server closes with.
    int await_close() {
        boost::beast::flat_buffer buffer;
        boost::beast::error_code ended;
        while (!ended) stream_.read(buffer, ended);
        return ended == boost::beast::websocket::error::closed ? stream_.reason().code : 0;
    }
    tcp_socket& socket() { return boost::beast::get_lowest_layer(stream_); }
    void on_control(std::function<void(frame_type, boost::beast::string_view)> f) {
        stream_.control_callback(std::move(f));
    }

protected:
    template<class... Args>
    explicit basic_beast_client(std::uint16_t port, Args&... with) : stream_(io_, with...) {
        socket().connect({boost::asio::ip::address_v4::loopback(), port});
        const timeval limit{20, 0};
        ::setsockopt(socket().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }

    boost::asio::io_context io_;
    boost::beast::websocket::stream<Stream, false> stream_;
};

class beast_client : public basic_beast_client<boost::asio::ip::tcp::socket> {
public:
    beast_client(std::uint16_t port, const std::string& target) : basic_beast_client(port) {
        stream_.handshake("localhost", target);
    }
};

/// The same over TLS.
class secure_beast_client : public basic_beast_client<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> {
public:
    secure_beast_client(std::uint16_t port, const std::string& target, boost::asio::ssl::context& trust)
        : basic_beast_client(port, trust) {
        stream_.next_layer().handshake(boost::asio::ssl::stream_base::client);
        stream_.handshake("localhost", target);
    }
    // Ends TLS without a WebSocket close.
    void end_tls() {
        boost::system::error_code ignored; // the server's part doesn't matter here
        stream_.next_layer().shutdown(ignored);
    }
};

} // namespace test_support
