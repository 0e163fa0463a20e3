// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <poll.h>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace redis_test {

struct raw_peer_gone {};

/// The server's side of a connection, with blocking calls that throw raw_peer_gone at its end.
class raw_peer {
public:
    using tcp = boost::asio::ip::tcp;

    raw_peer(boost::asio::io_context& io, int number) : number(number), socket_(io) {}

    const int number; // 0 for the first connection

    std::string receive() {
        char room[65536];
        boost::system::error_code failed;
        const std::size_t got = socket_.read_some(boost::asio::buffer(room), failed);
        if (failed) throw raw_peer_gone{};
        return {room, got};
    }
    /// Takes everything up to the text; what follows it is kept for the next call.
    void receive_until(std::string_view text) {
        std::size_t at = 0;
        while ((at = kept_.find(text)) == std::string::npos) kept_ += receive();
        kept_.erase(0, at + text.size());
    }
    void send(std::string_view bytes) {
        boost::system::error_code failed;
        boost::asio::write(socket_, boost::asio::buffer(bytes), failed);
        if (failed) throw raw_peer_gone{};
    }
    [[noreturn]] void close() { throw raw_peer_gone{}; }
    [[noreturn]] void reset() {
        boost::system::error_code ignored;
        socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
        const std::lock_guard hold(closing_);
        socket_.close(ignored);
        throw raw_peer_gone{};
    }
    void wait_until_gone() {
        for (;;) receive();
    }

    /// Waits for the end of the connection without reading.
    void wait_for_end() {
        pollfd end{socket_.native_handle(), POLLRDHUP, 0};
        ::poll(&end, 1, -1);
    }

private:
    friend class raw_server;

    void hang_up() {
        const std::lock_guard hold(closing_); // another descriptor must not get this number meanwhile
        if (socket_.is_open()) ::shutdown(socket_.native_handle(), SHUT_RDWR);
    }

    tcp::socket socket_;
    std::string kept_;
    std::mutex closing_;
};

/// A server on a loopback port that runs a script for each connection on its own thread: what a real redis-server
/// never does.
class raw_server {
public:
    explicit raw_server(std::function<void(raw_peer&)> play)
        : play_(std::move(play)), acceptor_(io_, raw_peer::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          port_(acceptor_.local_endpoint().port()), accepting_([this] { accept(); }) {}
    ~raw_server() {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // ends the blocking accept
        accepting_.join();
        for (auto& one : open_) {
            one.peer.hang_up();
            one.thread.join();
        }
    }
    raw_server(const raw_server&) = delete;
    raw_server& operator=(const raw_server&) = delete;

    std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
    unsigned short port() const { return port_; }
    int connections() const { return connections_; }

private:
    struct conversation {
        conversation(boost::asio::io_context& io, int number) : peer(io, number) {}
        raw_peer peer;
        std::thread thread{};
    };

    void accept() {
        for (;;) {
            auto& next = open_.emplace_back(io_, connections_.load());
            boost::system::error_code failed;
            acceptor_.accept(next.peer.socket_, failed);
            if (failed) return open_.pop_back();
            ++connections_;
            next.thread = std::thread([this, &next] {
                try {
                    play_(next.peer);
                } catch (const raw_peer_gone&) {
                }
                next.peer.hang_up(); // the descriptor itself closes with the server
            });
        }
    }

    std::function<void(raw_peer&)> play_;
    boost::asio::io_context io_;
    raw_peer::tcp::acceptor acceptor_;
    unsigned short port_;
    std::atomic<int> connections_{0};
    std::list<conversation> open_{}; // used by the accepting thread until that has ended
    std::thread accepting_;
};

} // namespace redis_test
