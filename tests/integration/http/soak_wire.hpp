// SPDX-License-Identifier: MIT
#pragma once

#include "support/reset_and_close.hpp"
#include "support/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstddef>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace soak {

/// A non-blocking socket, with or without TLS.
class wire {
public:
    /// Takes ownership of the socket; without TLS if there are no settings.
    void open(int fd, SSL_CTX* settings) {
        fd_ = fd;
        if (!settings) return;
        tls_.reset(SSL_new(settings));
        SSL_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_set_fd(tls_.get(), fd);
        SSL_set_connect_state(tls_.get()); // the first use does the handshake
    }
    bool is_open() const noexcept { return fd_ >= 0; }
    int descriptor() const noexcept { return fd_; }

    /// Like send(2) and recv(2) of a non-blocking socket: EAGAIN or ENOTCONN if it would block.
    ssize_t send(const char* bytes, std::size_t size) {
        if (!tls_) return ::send(fd_, bytes, size, MSG_NOSIGNAL);
        ERR_clear_error();
        return outcome(SSL_write(tls_.get(), bytes, static_cast<int>(size)));
    }
    ssize_t receive(char* room, std::size_t size) {
        if (!tls_) return ::recv(fd_, room, size, 0);
        ERR_clear_error();
        return outcome(SSL_read(tls_.get(), room, static_cast<int>(size)));
    }
    void half_close() {
        if (tls_) SSL_shutdown(tls_.get());
        ::shutdown(fd_, SHUT_WR);
    }
    void close(bool with_reset) {
        tls_.reset();
        const int fd = std::exchange(fd_, -1);
        with_reset ? test_support::reset_and_close(fd) : void(::close(fd));
    }

private:
    ssize_t outcome(int done) const {
        if (done > 0) return done;
        const int why = SSL_get_error(tls_.get(), done);
        if (why == SSL_ERROR_ZERO_RETURN) return 0;
        if (why != SSL_ERROR_SYSCALL || errno == 0) errno = EPROTO;
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) errno = EAGAIN;
        return -1;
    }

    int fd_ = -1;
    test_support::tls_detail::tls_connection tls_;
};

} // namespace soak
