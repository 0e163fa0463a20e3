// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/worker.hpp"
#include "http/tls/context.hpp"
#include "http/tls/engine.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <memory>
#include <span>
#include <string>

namespace weir::http::detail {

/// A session on a socket. While requests arrive it reads into a buffer borrowed from its worker; once idle it returns
/// the buffer and only waits for readiness.
class connection final
    : public transport,
      public boost::intrusive_ref_counter<connection, boost::thread_unsafe_counter> {
public:
    connection(worker& home, tcp_socket socket, std::string remote);

    /// Uses TLS from the first byte.
    void secure(const tls_context& certificate);

    void arm();
    void tick(time_point now);
    void drain() {
        if (!closed_) session_.drain();
    }
    void close() noexcept;
    /// Whether it only waits for the peer to close, so that closing it loses nothing.
    bool done() const noexcept { return finishing_ && !sending(); }
    bool holds_buffer() const noexcept { return buffer_ != nullptr; }
    /// The time since which it has been idle; `time_point::max()` while it isn't.
    time_point idle_since() const noexcept {
        return closed_ || finishing_ || sending() || !session_.idle() ? time_point::max() : last_input_;
    }
    /// Restricts it to requests to critical routes.
    void reserve() noexcept {
        reserved = true;
        session_.reserve();
    }

    bool write(std::string_view output) override;
    bool send_file(std::string_view head, const file_range& part) override;
    std::uint64_t untaken() override;
    void finish(bool idle) override;
    void abort() override;
    void resume_input() override;

    address_limit::client client = address_limit::uncounted; // counted in address_limit
    std::uint32_t place = 0;                                 // index in the worker's list
    bool reserved = false;                                   // beyond the server's connection limit

private:
    std::uint32_t discarded_ = 0; // placed here to avoid padding

    // After the last response, further input is read and discarded, so that the peer receives the response instead of a
    // reset: while input arrives, up to a time and a size. A silent peer has one second.
    static constexpr std::uint32_t linger_bytes = 64 * 1024 * 1024;
    static constexpr duration linger_quiet = std::chrono::seconds(1);
    // A TLS peer that causes output (key updates) but doesn't read it is no longer read from.
    static constexpr std::size_t queued_bytes = 256 * 1024;
    // Bytes of a file sent before the loop's other connections get a turn.
    static constexpr std::uint64_t fair_share = 1024 * 1024;
    static constexpr duration linger_time = std::chrono::seconds(5);

    template<class F>
    auto pooled(F handler) {
        return boost::asio::bind_allocator(block_allocator<std::byte>(home_.operations()), std::move(handler));
    }
    connection_pointer self() noexcept { return connection_pointer(this); }

    // The TLS state of a connection, if it uses TLS.
    struct secure_layer {
        secure_layer(SSL_CTX* context, time_point until) : engine(context, tls_engine::role::server), ready_by(until) {}

        tls_engine engine;
        time_point ready_by;
        bool reported = false; // the session has been given the handshake's result
    };

    bool sending() const noexcept { return !unsent_.empty() || file_.size != 0; }
    void read();
    void wait_until_readable();
    bool has_unread() const noexcept;
    void received(const boost::system::error_code& failed, std::size_t size);
    void discard(std::size_t size);
    void end_of_input();
    bool write(std::string_view output, int flags);
    bool put(std::string_view output, int flags = 0);
    // under TLS
    void decrypt(std::span<const char> bytes);
    void tls_broke();
    void note_handshake(std::string_view why);
    void handshake_failed(std::string_view why);
    bool write_secure(std::string_view output);
    bool put_queued();
    bool encrypt_some();
    bool send_close_notify();
    void write_rest();
    void wrote(std::size_t size);
    bool send_some();
    void wait_for_room();
    void left();
    void half_close();

    worker& home_;
    tcp_socket socket_;
    session session_;
    std::unique_ptr<secure_layer> tls_; // null without TLS
    read_buffer buffer_;
    std::string unsent_;          // being written
    std::size_t unsent_from_ = 0; // how much of it has been sent
    std::string queued_;          // to be written after it; all encrypted output passes through here
    file_range file_{};           // to be sent after that
    time_point last_input_;
    time_point linger_until_ = time_point::max();
    time_point linger_end_ = time_point::max();
    bool reading_ = false;
    bool parked_ = false;  // waits for readiness without a buffer
    bool to_send_ = false; // waits for room to continue the file
    bool finishing_ = false;
    bool closed_ = false;
};

} // namespace weir::http::detail
