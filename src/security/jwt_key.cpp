// SPDX-License-Identifier: MIT
#include "security/openssl_error.hpp"
#include <weir/security/crypto.hpp>
#include <weir/security/jwt_key.hpp>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <climits>

namespace weir {

using security::openssl_error;
using security::require;

/// A key for one algorithm.
struct jwt_key::material {
    material(jwt_algorithm algorithm, std::string kid, bool signs)
        : algorithm(algorithm), kid(std::move(kid)), signs(signs) {}
    virtual ~material() = default;

    virtual std::string sign(std::string_view input) const = 0;
    virtual bool verify(std::string_view input, std::string_view signature) const = 0;

    const jwt_algorithm algorithm;
    const std::string kid;
    const bool signs;
};

namespace {

constexpr std::size_t least_secret = 32; // bytes, RFC 7518 §3.2
constexpr int least_rsa = 2048;          // bits, RFC 7518 §3.3
constexpr std::size_t coordinate = 32;   // bytes of r and of s, RFC 7518 §3.4

struct free_openssl {
    void operator()(BIO* one) const noexcept { BIO_free(one); }
    void operator()(EVP_PKEY* one) const noexcept { EVP_PKEY_free(one); }
    void operator()(X509* one) const noexcept { X509_free(one); }
    void operator()(EVP_MD_CTX* one) const noexcept { EVP_MD_CTX_free(one); }
    void operator()(ECDSA_SIG* one) const noexcept { ECDSA_SIG_free(one); }
    void operator()(BIGNUM* one) const noexcept { BN_free(one); }
};

template<class T>
using owned = std::unique_ptr<T, free_openssl>;

const unsigned char* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) noexcept { return reinterpret_cast<unsigned char*>(text.data()); }

struct hmac_material final : jwt_key::material {
    hmac_material(std::string_view secret, std::string id)
        : material(jwt_algorithm::hs256, std::move(id), true), key(secret) {}

    std::string sign(std::string_view input) const override {
        const auto mac = key.sign(input);
        return std::string(security::bytes_of(mac));
    }

    bool verify(std::string_view input, std::string_view signature) const override {
        return key.verify(input, signature);
    }

    const security::hmac_sha256_key key;
};

// RSA signatures already have JWS's format; ECDSA's ASN.1 is converted to r and s by the class below.
struct asymmetric_material : jwt_key::material {
    asymmetric_material(jwt_algorithm algorithm, owned<EVP_PKEY> pkey, std::string id, bool is_private)
        : material(algorithm, std::move(id), is_private), key(std::move(pkey)) {}

    std::string sign(std::string_view input) const override {
        const owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
        std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
        std::string signature(length, '\0');
        const bool done =
            context &&
            EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr) == 1 &&
            EVP_DigestSign(context.get(), bytes(signature), &length, bytes(input), input.size()) == 1;
        require(done, "the token can't be signed");
        signature.resize(length);
        return signature;
    }

    bool verify(std::string_view input, std::string_view signature) const override {
        const owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
        const bool ready =
            context &&
            EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr) == 1;
        require(ready, "the token's signature can't be checked");
        const int good =
            EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(input), input.size());
        ERR_clear_error();
        return good == 1;
    }

    const owned<EVP_PKEY> key;
};

// Extracts r and s from ASN.1, each as 32 bytes (RFC 7518 §3.4).
std::string raw_signature(std::string_view der) {
    const unsigned char* from = bytes(der);
    const owned<ECDSA_SIG> parts(d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(der.size())));
    require(parts != nullptr, "malformed ECDSA signature");
    std::string raw(2 * coordinate, '\0');
    const bool fits = BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), bytes(raw), coordinate) == coordinate &&
                      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), bytes(raw) + coordinate, coordinate) == coordinate;
    require(fits, "ECDSA signature of another curve");
    return raw;
}

std::string der_signature(std::string_view raw) {
    owned<BIGNUM> r(BN_bin2bn(bytes(raw), coordinate, nullptr));
    owned<BIGNUM> s(BN_bin2bn(bytes(raw) + coordinate, coordinate, nullptr));
    const owned<ECDSA_SIG> parts(ECDSA_SIG_new());
    require(r && s && parts, "no memory for a signature");
    // The signature owns both from here on.
    require(ECDSA_SIG_set0(parts.get(), r.release(), s.release()) == 1, "no memory for a signature");
    std::string der(2 * coordinate + 16, '\0');
    unsigned char* to = bytes(der);
    const int length = i2d_ECDSA_SIG(parts.get(), &to);
    require(length > 0, "no memory for a signature");
    der.resize(static_cast<std::size_t>(length));
    return der;
}

struct ecdsa_material final : asymmetric_material {
    using asymmetric_material::asymmetric_material;

    std::string sign(std::string_view input) const override { return raw_signature(asymmetric_material::sign(input)); }

    bool verify(std::string_view input, std::string_view signature) const override {
        if (signature.size() != 2 * coordinate) return false;
        return asymmetric_material::verify(input, der_signature(signature));
    }
};

// Without this, OpenSSL would ask for an encrypted key's passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

enum class half { public_key, private_key };

owned<BIO> reader_of(std::string_view pem) {
    owned<BIO> from(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    require(from != nullptr, "no memory for a key");
    return from;
}

owned<EVP_PKEY> read_private_key(std::string_view pem) {
    return owned<EVP_PKEY>(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, no_passphrase, nullptr));
}

// Reads a bare public key, or that of the first certificate.
owned<EVP_PKEY> read_public_key(std::string_view pem) {
    owned<EVP_PKEY> key(PEM_read_bio_PUBKEY(reader_of(pem).get(), nullptr, no_passphrase, nullptr));
    if (key) return key;
    const owned<X509> certificate(PEM_read_bio_X509(reader_of(pem).get(), nullptr, no_passphrase, nullptr));
    return owned<EVP_PKEY>(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

owned<EVP_PKEY> read_pem(std::string_view pem, half wanted) {
    if (pem.size() > INT_MAX) return nullptr;
    owned<EVP_PKEY> key = wanted == half::private_key ? read_private_key(pem) : read_public_key(pem);
    if (key) ERR_clear_error(); // errors of the formats that didn't match
    return key;
}

error refused(std::string why) { return {errc::invalid_argument, std::move(why)}; }

error check_rsa(const EVP_PKEY* key) {
    if (!EVP_PKEY_is_a(key, "RSA")) return refused("RS256 needs an RSA key");
    if (EVP_PKEY_get_bits(key) < least_rsa) return refused("RS256 needs an RSA key of at least 2048 bits");
    return {};
}

error check_p256(const EVP_PKEY* key) {
    char curve[32] = {};
    const bool named = EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof curve, nullptr) == 1;
    if (!named || std::string_view(curve) != "prime256v1") return refused("ES256 needs a key on the curve P-256");
    return {};
}

result<owned<EVP_PKEY>> parse(std::string_view pem, half wanted, error (*check)(const EVP_PKEY*)) {
    owned<EVP_PKEY> key = read_pem(pem, wanted);
    if (!key) {
        const auto* kind =
            wanted == half::private_key
                ? "an unencrypted private key in PEM, which begins with -----BEGIN PRIVATE KEY-----, "
                  "-----BEGIN RSA PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----"
                : "a public key or a certificate in PEM, which begins with -----BEGIN PUBLIC KEY----- "
                  "or -----BEGIN CERTIFICATE-----";
        return refused(std::string("expected ") + kind).caused_by(openssl_error("PEM"));
    }
    if (error wrong = check(key.get())) return wrong;
    return key;
}

} // namespace

std::string_view name(jwt_algorithm algorithm) noexcept {
    switch (algorithm) {
    case jwt_algorithm::hs256:
        return "HS256";
    case jwt_algorithm::rs256:
        return "RS256";
    case jwt_algorithm::es256:
        return "ES256";
    }
    return {};
}

jwt_key::jwt_key(std::shared_ptr<const material> material) noexcept : material_(std::move(material)) {}

result<jwt_key> jwt_key::hs256(std::string_view secret, std::string kid) {
    if (secret.size() < least_secret) return refused("HS256 needs a secret of at least 32 bytes");
    return jwt_key(std::make_shared<hmac_material>(secret, std::move(kid)));
}

result<jwt_key> jwt_key::rs256_private(std::string_view pem, std::string kid) {
    auto key = parse(pem, half::private_key, check_rsa);
    if (!key) return key.error();
    return jwt_key(std::make_shared<asymmetric_material>(jwt_algorithm::rs256, std::move(*key), std::move(kid), true));
}

result<jwt_key> jwt_key::rs256_public(std::string_view pem, std::string kid) {
    auto key = parse(pem, half::public_key, check_rsa);
    if (!key) return key.error();
    return jwt_key(std::make_shared<asymmetric_material>(jwt_algorithm::rs256, std::move(*key), std::move(kid), false));
}

result<jwt_key> jwt_key::es256_private(std::string_view pem, std::string kid) {
    auto key = parse(pem, half::private_key, check_p256);
    if (!key) return key.error();
    return jwt_key(std::make_shared<ecdsa_material>(jwt_algorithm::es256, std::move(*key), std::move(kid), true));
}

result<jwt_key> jwt_key::es256_public(std::string_view pem, std::string kid) {
    auto key = parse(pem, half::public_key, check_p256);
    if (!key) return key.error();
    return jwt_key(std::make_shared<ecdsa_material>(jwt_algorithm::es256, std::move(*key), std::move(kid), false));
}

jwt_algorithm jwt_key::algorithm() const noexcept { return material_->algorithm; }

const std::string& jwt_key::kid() const noexcept { return material_->kid; }

bool jwt_key::signs() const noexcept { return material_->signs; }

std::string jwt_key::sign(std::string_view input) const {
    if (!signs()) throw error_exception(error(errc::internal, "a public key can't sign"));
    return material_->sign(input);
}

bool jwt_key::verify(std::string_view input, std::string_view signature) const {
    return material_->verify(input, signature);
}

} // namespace weir
