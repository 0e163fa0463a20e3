// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// The cryptographic primitives that weir uses, on top of OpenSSL 3. Bytes are passed as std::string and
/// std::string_view; everything is thread-safe. If the crypto library fails (no entropy, no memory), functions throw
/// error_exception with errc::internal, because there is no safe fallback.
namespace weir::security {

using sha256_digest = std::array<std::uint8_t, 32>;

/// The digest's bytes as a view; valid as long as the digest.
inline std::string_view bytes_of(const sha256_digest& digest) noexcept {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// SHA-256 (FIPS 180-4).
sha256_digest sha256(std::string_view data);

/// HMAC-SHA256 (RFC 2104) with a key used once; for repeated use see hmac_sha256_key.
sha256_digest hmac_sha256(std::string_view key, std::string_view data);

/// A prepared HMAC-SHA256 key: a MAC takes a quarter of the one-shot function's time. Immutable and thread-safe; the
/// destructor wipes the secret from memory.
class hmac_sha256_key {
public:
    explicit hmac_sha256_key(std::string_view secret);
    hmac_sha256_key(hmac_sha256_key&&) noexcept;
    hmac_sha256_key& operator=(hmac_sha256_key&&) noexcept;
    ~hmac_sha256_key();

    sha256_digest sign(std::string_view data) const;
    /// Compares in constant time; a MAC that isn't 32 bytes long is wrong.
    bool verify(std::string_view data, std::string_view mac) const;

private:
    struct contexts;
    std::unique_ptr<contexts> contexts_;
};

/// Whether two secrets are equal, in time that depends only on their lengths.
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

/// Fills the bytes from OpenSSL's random generator, which the operating system seeds.
void random_bytes(std::span<std::byte> out);

/// An unguessable name for a session, a state or a nonce: at least `bits` random bits, as base64url.
std::string random_token(std::size_t bits = 128);

/// Base64 with padding (RFC 4648 §4).
std::string base64_encode(std::string_view bytes);
/// Strict: errc::invalid_argument for an invalid character, white space, missing padding, or nonzero bits after the
/// last byte (RFC 4648 §3.5), so that each value has one encoding.
result<std::string> base64_decode(std::string_view text);

/// Base64 for URLs and tokens, without padding (RFC 4648 §5, RFC 7515 §2).
std::string base64url_encode(std::string_view bytes);
/// As strict as base64_decode; rejects padding.
result<std::string> base64url_decode(std::string_view text);

/// Lower-case hexadecimal.
std::string hex_encode(std::string_view bytes);

} // namespace weir::security
