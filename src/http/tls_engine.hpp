// SPDX-License-Identifier: MIT
#pragma once

#include "http/openssl_handle.hpp"
#include <weir/http/tls.hpp>

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// One TLS connection as a state machine without I/O: ciphertext in, plaintext out, and the other way round.
/// It reads from the caller's memory and writes behind the caller's string, and keeps at most one record.
/// What is appended has to be sent in that order. Belongs to one loop.
class tls_engine {
public:
    enum class role : std::uint8_t { server, client };
    enum class step : std::uint8_t {
        piece, ///< plaintext has come
        more,  ///< all input is used up
        end,   ///< the peer has said close_notify
        failed ///< an alert tells the peer, where it understands one
    };
    static constexpr std::size_t record = 16 * 1024;

    tls_engine(SSL_CTX* context, role side);
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;

    /// Input, to be taken by `read` until that asks for more; the memory has to stay until then.
    void feed(std::span<const char> bytes) noexcept { input_ = bytes; }
    /// Goes on with the handshake, then decrypts the next piece, of `size` bytes.
    step read(std::span<char> room, std::size_t& size, std::string& out);
    /// False when the connection can't send (any more).
    bool encrypt(std::string_view plain, std::string& out);
    /// close_notify, once, where the connection can still send.
    void close(std::string& out);

    /// The handshake has been completed.
    bool ready() const noexcept { return SSL_is_init_finished(ssl_.get()) == 1; }
    bool failed() const noexcept { return failed_; }
    /// It failed because the peer speaks HTTP in clear.
    bool peer_speaks_http() const noexcept { return speaks_http_; }
    /// Of the connection once it is ready.
    tls_info info() const;

private:
    static const BIO_METHOD* method();
    static int take(BIO* bio, char* into, std::size_t size, std::size_t* taken);
    static int give(BIO* bio, const char* from, std::size_t size, std::size_t* given);
    static long control(BIO* bio, int what, long number, void* pointer);

    step fail();
    void note_start(std::string_view taken) noexcept;

    openssl_handle<SSL, SSL_free> ssl_;
    std::span<const char> input_;
    std::string* output_ = nullptr; // the caller's, during a call
    std::array<char, 5> start_{};   // of all input: OpenSSL judges by the head of the first record
    std::uint8_t start_size_ = 0;
    bool failed_ = false;
    bool speaks_http_ = false;
    bool closed_ = false;
};

} // namespace weir::http::detail
