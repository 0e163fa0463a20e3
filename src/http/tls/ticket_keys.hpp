// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <mutex>
#include <optional>

namespace weir::http::detail {

/// The keys of a context's session tickets (RFC 5077, RFC 8446 section 4.6.1). A key seals tickets for one `period` and
/// opens them for another; then it is erased, which makes recorded tickets useless. A ticket under the older key is
/// replaced when it is used. Thread-safe: all loops share a context.
class ticket_keys {
public:
    static constexpr duration period = std::chrono::hours(6);

    /// Gives the context its own keys, which live as long as it does.
    static void install(SSL_CTX* context, const weir::clock& time);

    ticket_keys(const ticket_keys&) = delete;
    ticket_keys& operator=(const ticket_keys&) = delete;

private:
    struct key {
        std::array<unsigned char, 16> name;
        std::array<unsigned char, 32> cipher;
        std::array<unsigned char, 32> mac;

        key() = default;
        key(const key&) = default;
        key& operator=(const key&) = default;
        ~key();

        bool renew() noexcept;
    };

    explicit ticket_keys(const weir::clock& time);

    static int index();
    static void forget(void* context, void* keys, CRYPTO_EX_DATA* data, int index, long number, void* pointer);
    static int choose(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                      int sealing);

    bool keep_fresh() noexcept;
    int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) noexcept;
    int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) noexcept;

    const weir::clock& time_;
    std::mutex mutex_;
    key current_;
    std::optional<key> previous_;
    time_point renew_at_;
};

} // namespace weir::http::detail
