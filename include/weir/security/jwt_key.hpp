// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace weir {

/// The supported signature algorithms of RFC 7518 §3.
enum class jwt_algorithm : unsigned char {
    hs256, ///< HMAC with SHA-256: one secret signs and verifies
    rs256, ///< RSASSA-PKCS1-v1_5 with SHA-256
    es256, ///< ECDSA on P-256 with SHA-256
};

/// The name in a token's header: `HS256`. A static string.
std::string_view name(jwt_algorithm algorithm) noexcept;

/// A parsed key and the one algorithm it is for. The algorithm belongs to the key, so a token can't choose it: an RSA
/// public key never becomes an HMAC secret (RFC 8725 §3.1). A private key also verifies. Copies share the key;
/// immutable and thread-safe. The factories return errc::invalid_argument for a secret below 32 bytes, RSA below 2048
/// bits (RFC 7518 §3.2, §3.3), a curve other than P-256, another kind of key, or an encrypted or malformed PEM.
class jwt_key {
public:
    /// `kid` names the key in token headers, so that it can be replaced while its tokens are still valid.
    static result<jwt_key> hs256(std::string_view secret, std::string kid = {});
    /// Reads a public key from `PUBLIC KEY` or from the first `CERTIFICATE`; doesn't check the certificate's dates and
    /// issuer.
    static result<jwt_key> rs256_private(std::string_view pem, std::string kid = {});
    static result<jwt_key> rs256_public(std::string_view pem, std::string kid = {});
    static result<jwt_key> es256_private(std::string_view pem, std::string kid = {});
    static result<jwt_key> es256_public(std::string_view pem, std::string kid = {});

    jwt_algorithm algorithm() const noexcept;
    const std::string& kid() const noexcept;
    /// Whether the key can sign; a public key only verifies.
    bool signs() const noexcept;

    /// Returns the raw signature of a JWS (RFC 7515 §5.1); for ES256 r and s, 32 bytes each. Throws error_exception if
    /// the key can't sign.
    std::string sign(std::string_view input) const;
    bool verify(std::string_view input, std::string_view signature) const;

    struct material;

private:
    explicit jwt_key(std::shared_ptr<const material> material) noexcept;

    std::shared_ptr<const material> material_;
};

} // namespace weir
