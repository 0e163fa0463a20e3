// SPDX-License-Identifier: MIT
#pragma once

#include "http/tls/openssl_handle.hpp"
#include <weir/http/tls.hpp>

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// One TLS connection as a state machine without I/O: ciphertext in, plaintext out, and vice versa. It reads from the
/// caller's memory, appends to the caller's string, and keeps at most one record. The appended bytes must be sent in
/// that order. Belongs to one loop.
class tls_engine {
public:
    enum class role : std::uint8_t { server, client };
    enum class step : std::uint8_t {
        piece, ///< plaintext was decrypted
        more,  ///< all input is used up
        end,   ///< the peer sent close_notify
        failed ///< an alert reports it to the peer, if possible
    };
    static constexpr std::size_t record = 16 * 1024;

    tls_engine(SSL_CTX* context, role side);
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;

    /// Sets the input for `read`; the memory must stay valid until `read` returns `more`.
    void feed(std::span<const char> bytes) noexcept { input_ = bytes; }
    /// Continues the handshake, then decrypts the next piece, of `size` bytes.
    step read(std::span<char> room, std::size_t& size, std::string& out);
    /// False if the connection can't send (any more).
    bool encrypt(std::string_view plain, std::string& out);
    /// Sends close_notify once, if the connection can still send.
    void close(std::string& out);

    /// Whether the handshake is complete.
    bool ready() const noexcept { return SSL_is_init_finished(ssl_.get()) == 1; }
    bool failed() const noexcept { return failed_; }
    /// Whether it failed because the peer speaks HTTP without TLS.
    bool peer_speaks_http() const noexcept { return speaks_http_; }
    /// Describes the connection once it is ready.
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
    std::array<char, 5> start_{};   // the first bytes of the input: OpenSSL goes by the head of the first record
    std::uint8_t start_size_ = 0;
    bool failed_ = false;
    bool speaks_http_ = false;
    bool closed_ = false;
};

} // namespace weir::http::detail
