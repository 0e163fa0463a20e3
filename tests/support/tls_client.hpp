// SPDX-License-Identifier: MIT
#pragma once

#include "support/certificates.hpp"
#include "support/reset_and_close.hpp"
#include "support/take_until.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <charconv>
#include <cstdint>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace test_support {

namespace tls_detail {
using tls_connection = std::unique_ptr<SSL, freed<SSL_free>>;
using tls_settings = std::unique_ptr<SSL_CTX, freed<SSL_CTX_free>>;
} // namespace tls_detail

/// An OpenSSL client context that trusts one authority.
inline tls_detail::tls_settings client_settings(const std::string& ca_file) {
    tls_detail::tls_settings made(SSL_CTX_new(TLS_client_method()));
    tls_detail::must(SSL_CTX_load_verify_file(made.get(), ca_file.c_str()) == 1, "load the authority");
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
    return made;
}

/// Sets the client certificate.
inline void show(SSL_CTX* settings, const certificate& own) {
    const tls_detail::memory_bio pem(BIO_new_mem_buf(own.pem.data(), static_cast<int>(own.pem.size())));
    const tls_detail::memory_bio key_pem(BIO_new_mem_buf(own.key_pem.data(), static_cast<int>(own.key_pem.size())));
    const std::unique_ptr<X509, tls_detail::freed<X509_free>> one(
        PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
    const tls_detail::private_key key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr));
    tls_detail::must(
        SSL_CTX_use_certificate(settings, one.get()) == 1 && SSL_CTX_use_PrivateKey(settings, key.get()) == 1,
        "use the client's certificate");
}

/// A blocking TLS client: every wait has a limit, after which it fails.
class tls_client {
public:
    /// `receive_buffer` is the kernel's receive buffer size, 0 for the default.
    tls_client(std::uint16_t port, SSL_CTX* settings, int receive_buffer = 0)
        : fd_(socket(AF_INET, SOCK_STREAM, 0)), tls_(SSL_new(settings)) {
        if (receive_buffer != 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        const timeval patience{20, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect");
        SSL_set_fd(tls_.get(), fd_);
    }
    ~tls_client() {
        if (fd_ >= 0) close(fd_);
    }
    tls_client(const tls_client&) = delete;
    tls_client& operator=(const tls_client&) = delete;

    /// Returns an empty string after a successful handshake, otherwise OpenSSL's reason. With TLS 1.3 a server that
    /// refuses the client's certificate reports it only at the first read.
    std::string handshake() {
        ERR_clear_error();
        return SSL_connect(tls_.get()) == 1 ? std::string() : last_reason();
    }
    bool send(std::string_view bytes) {
        return bytes.empty() || SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    }
    /// Returns the next response's status line, head and body by its Content-Length, or what arrived if it ends early.
    std::string receive() {
        std::size_t head = 0;
        while ((head = received_.find("\r\n\r\n")) == std::string::npos)
            if (!fill()) return received_;
        const std::size_t field = received_.find("content-length: ");
        std::size_t size = 0;
        if (field < head) std::from_chars(received_.data() + field + 16, received_.data() + head, size);
        while (received_.size() < head + 4 + size)
            if (!fill()) return received_;
        std::string one = received_.substr(0, head + 4 + size);
        received_.erase(0, one.size());
        return one;
    }
    /// Returns the bytes up to and including the text; throws if the server ends before it.
    std::string until(std::string_view text) {
        return test_support::take_until(text, received_, [this] { return fill(); });
    }
    /// Returns everything until the server ends.
    std::string rest() {
        while (fill()) continue;
        return std::exchange(received_, {});
    }
    /// Reads one byte, and no further record than the one that contains it; false at the end.
    bool read_byte() {
        if (!received_.empty()) {
            received_.erase(0, 1);
            return true;
        }
        char one = 0;
        return SSL_read(tls_.get(), &one, 1) == 1;
    }
    /// Sends close_notify, then FIN.
    void half_close() {
        SSL_shutdown(tls_.get());
        shutdown(fd_, SHUT_WR);
    }
    /// Closes with a reset, without close_notify.
    void reset() { test_support::reset_and_close(std::exchange(fd_, -1)); }
    std::string get(std::string_view path, std::string_view fields = {}) {
        const std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n";
        if (!send(request + std::string(fields) + "\r\n")) return {};
        return receive();
    }
    /// Whether the server has ended with close_notify and sent nothing before it.
    bool closed_in_order() { return !fill() && received_.empty() && SSL_get_shutdown(tls_.get()) != 0; }
    /// OpenSSL's reason for the last failure.
    const std::string& reason() const { return reason_; }
    SSL* native() { return tls_.get(); }

private:
    bool fill() {
        char room[16384];
        ERR_clear_error();
        const int got = SSL_read(tls_.get(), room, sizeof room);
        if (got > 0) {
            received_.append(room, static_cast<std::size_t>(got));
            return true;
        }
        reason_ = last_reason();
        return false;
    }
    std::string last_reason() {
        const char* const text = ERR_reason_error_string(ERR_peek_error());
        return reason_ = text ? text : "closed";
    }

    int fd_;
    tls_detail::tls_connection tls_;
    std::string received_;
    std::string reason_;
};

} // namespace test_support
