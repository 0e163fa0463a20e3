// SPDX-License-Identifier: MIT
#pragma once

#include "support/certificates.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <charconv>
#include <functional>
#include <initializer_list>
#include <list>
#include <mutex>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace test_support {

struct peer_is_gone {};

// The server's side of one connection: blocking, with TLS if a context is given.
class peer {
public:
    using tcp = boost::asio::ip::tcp;

    peer(boost::asio::io_context& io, int number) : number(number), socket_(io) {}

    const int number; // 0 for the first connection

    // Returns the next request with its body; throws peer_is_gone if the client has closed.
    std::string request() {
        std::size_t head = 0;
        while ((head = buffer_.find("\r\n\r\n")) == std::string::npos) receive();
        const std::size_t size = head + 4 + announced(buffer_.substr(0, head));
        while (buffer_.size() < size) receive();
        std::string taken = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return taken;
    }

    // Returns the next bytes without parsing a request.
    std::string receive_some() {
        receive();
        return std::exchange(buffer_, {});
    }

    void send(std::string_view bytes) {
        boost::system::error_code failed;
        if (tls_)
            boost::asio::write(*tls_, boost::asio::buffer(bytes), failed);
        else
            boost::asio::write(socket_, boost::asio::buffer(bytes), failed);
        if (failed) throw peer_is_gone{};
    }

    // Sends all in one TCP segment; with TLS each piece is a separate record.
    void send_at_once(std::initializer_list<std::string_view> pieces) {
        cork(1);
        for (const auto piece : pieces) send(piece);
        cork(0);
    }

    // Sends a new session ticket (RFC 8446, 4.6.1) immediately, outside of any response.
    void send_ticket() {
        boost::system::error_code failed;
        if (SSL_new_session_ticket(tls_->native_handle()) == 1)
            tls_->handshake(boost::asio::ssl::stream_base::server, failed);
        if (failed) throw peer_is_gone{};
    }

    void answer(std::string_view body, std::string_view status = "200 OK") {
        send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             std::string(body));
    }

    // Waits until the client has closed or reset.
    void wait_until_gone() {
        try {
            while (true) receive();
        } catch (const peer_is_gone&) {
        }
    }

    // Waits until the client has closed or reset, without reading.
    void wait_for_end() {
        pollfd end{socket_.native_handle(), POLLRDHUP, 0};
        ::poll(&end, 1, -1);
    }

    void reset() {
        boost::system::error_code ignored;
        socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
        {
            const std::lock_guard hold(closing_);
            socket_.close(ignored);
        }
        throw peer_is_gone{};
    }

    // Ends the stream for the client.
    void hang_up() {
        const std::lock_guard hold(closing_); // another descriptor must not get this number meanwhile
        if (socket_.is_open()) ::shutdown(socket_.native_handle(), SHUT_RDWR);
    }

    // Ends TLS in order, if used; the socket closes when the script returns.
    void end_tls() {
        boost::system::error_code ignored;
        socket_.non_blocking(true, ignored); // doesn't wait for the client's close_notify
        if (tls_) tls_->shutdown(ignored);
    }

    std::string server_name() { // from the client's SNI
        const char* name = tls_ ? SSL_get_servername(tls_->native_handle(), TLSEXT_NAMETYPE_host_name) : nullptr;
        return name ? name : "";
    }

private:
    friend class scripted_server;

    static std::size_t announced(const std::string& head) {
        const auto at = head.find("Content-Length: ");
        std::size_t size = 0;
        if (at != std::string::npos) std::from_chars(head.data() + at + 16, head.data() + head.size(), size);
        return size;
    }

    void cork(int on) { ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &on, sizeof on); }

    void receive() {
        char room[4096];
        boost::system::error_code failed;
        const auto into = boost::asio::buffer(room);
        const std::size_t got = tls_ ? tls_->read_some(into, failed) : socket_.read_some(into, failed);
        buffer_.append(room, got);
        if (failed) throw peer_is_gone{};
    }

    bool handshake(boost::asio::ssl::context* context) {
        if (!context) return true;
        tls_.emplace(socket_, *context);
        boost::system::error_code failed;
        tls_->handshake(boost::asio::ssl::stream_base::server, failed);
        return !failed;
    }

    tcp::socket socket_;
    std::mutex closing_; // the server may hang up while a script resets
    std::optional<boost::asio::ssl::stream<tcp::socket&>> tls_;
    std::string buffer_;
};

// A real server on a loopback port that runs the script for each connection on a separate thread.
class scripted_server {
public:
    using script = std::function<void(peer&)>;

    explicit scripted_server(script play) : scripted_server(std::move(play), nullptr) {}
    scripted_server(script play, boost::asio::ssl::context& tls) : scripted_server(std::move(play), &tls) {}

    ~scripted_server() {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // ends the blocking accept
        accepting_.join();
        for (auto& one : open_) {
            one.link.hang_up();
            one.thread.join();
        }
    }

    unsigned short port() const { return port_; }
    int connections() const { return connections_; }

    std::string url(std::string_view path, std::string_view host = "127.0.0.1") const {
        return (tls_ ? "https://" : "http://") + std::string(host) + ":" + std::to_string(port_) + std::string(path);
    }

private:
    struct conversation {
        conversation(boost::asio::io_context& io, int number) : link(io, number) {}
        peer link;
        std::thread thread;
    };

    scripted_server(script play, boost::asio::ssl::context* tls)
        : play_(std::move(play)), tls_(tls),
          acceptor_(io_, peer::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          port_(acceptor_.local_endpoint().port()), accepting_([this] { accept(); }) {}

    void accept() {
        while (true) {
            auto& next = open_.emplace_back(io_, connections_.load());
            boost::system::error_code failed;
            acceptor_.accept(next.link.socket_, failed);
            if (failed) return open_.pop_back();
            next.link.socket_.set_option(peer::tcp::no_delay(true), failed);
            ++connections_;
            next.thread = std::thread([this, &next] { serve(next.link); });
        }
    }

    void serve(peer& link) {
        try {
            if (link.handshake(tls_)) play_(link);
        } catch (const peer_is_gone&) {
        }
        link.hang_up(); // the descriptor itself closes with the server
    }

    script play_;
    boost::asio::ssl::context* tls_;
    boost::asio::io_context io_;
    peer::tcp::acceptor acceptor_;
    unsigned short port_;
    std::atomic<int> connections_{0};
    std::list<conversation> open_; // used by the accepting thread until that has ended
    std::thread accepting_;
};

// A server's TLS context; set `ciphers` and the versions only in tests about them.
inline boost::asio::ssl::context server_tls(const certificate& own) {
    boost::asio::ssl::context made(boost::asio::ssl::context::tls_server);
    made.use_certificate(boost::asio::buffer(own.pem), boost::asio::ssl::context::pem);
    made.use_private_key(boost::asio::buffer(own.key_pem), boost::asio::ssl::context::pem);
    return made;
}

} // namespace test_support
