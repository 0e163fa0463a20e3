// SPDX-License-Identifier: MIT
// labels: concurrency
#include "security/test_keys.hpp"
#include <weir/security/crypto.hpp>
#include <weir/security/jwt_key.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using weir::errc;
using weir::jwt_key;
using weir::security::base64url_decode;
using weir::security::base64url_encode;

namespace {

// The payload of RFC 7515 A.1 to A.3.
constexpr std::string_view rfc_payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

std::string rfc_input(std::string_view header) { return std::string(header) + "." + std::string(rfc_payload); }

jwt_key rfc_secret() { return jwt_key::hs256(base64url_decode(test_keys::rfc_hs256).value()).value(); }

// Signatures made by `openssl dgst -sha256 -sign` for this input with rsa_private and rfc_es256_private.
constexpr std::string_view rsa_input =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InRlc3QifQ.eyJzdWIiOiI0MiIsImV4cCI6MTc2NzIyOTIwMH0";
constexpr std::string_view rsa_signature =
    "LCSXuLE1HKNtCqpRsl4GfPHOIEtGvFsqyqs6phPKieMENBfZFs1Tnvvxl6FkFXOJo-IZwo8e8gzW0RRVW1nYsCDgVpSmQ7aUGtSl3uQ9cnFk8Zvo-"
    "I4EcnCfIol-xOeimAHZ_ASJWCbF9-5njg3PmjvIHPPd0q9XkKnODEqMIqS9loIfukyGr8doVzUBYwuU4YG_"
    "Uwzr7Bv0GbxIIz809f8LnaUCCd1almTo"
    "TJ_STYzJdPZHZxpPI3nBRSszC64PvRV_8VNeybzS1ufWxEeMjOyC3i4loQXOaUOcreRKtBMT7kVrZsByEYnDoGci2ib2vN6OdPPgzz-"
    "ciVBDABYLiQ";
constexpr std::string_view ec_input =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InRlc3QifQ.eyJzdWIiOiI0MiIsImV4cCI6MTc2NzIyOTIwMH0";
constexpr std::string_view ec_signature =
    "kS-w5y8qCJ-cjtrM7f7TwglBkArZeMiL_BF567yuW0ZZ0oHS1lgvGj4aWEgdccgfCzDdheRMn_dMENGZ9uGS1A";

} // namespace

TEST_CASE("HS256 creates and accepts the signature of RFC 7515 A.1") {
    const std::string input = rfc_input("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9");
    constexpr std::string_view signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    CHECK(base64url_encode(rfc_secret().sign(input)) == signature);
    CHECK(rfc_secret().verify(input, base64url_decode(signature).value()));
    CHECK_FALSE(rfc_secret().verify(input + " ", base64url_decode(signature).value()));
}

TEST_CASE("RS256 accepts the signature of RFC 7515 A.2") {
    const jwt_key key = jwt_key::rs256_public(test_keys::rfc_rs256_public).value();
    const std::string signature =
        base64url_decode(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-"
            "0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--"
            "f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383Lc"
            "OLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
            "pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")
            .value();
    CHECK(key.verify(rfc_input("eyJhbGciOiJSUzI1NiJ9"), signature));
    CHECK_FALSE(key.verify(rfc_input("eyJhbGciOiJSUzI1NiJ8"), signature));
}

TEST_CASE("ES256 accepts the signature of RFC 7515 A.3 and its own signatures") {
    const jwt_key open = jwt_key::es256_public(test_keys::rfc_es256_public).value();
    const std::string input = rfc_input("eyJhbGciOiJFUzI1NiJ9");
    const auto signature =
        base64url_decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    CHECK(open.verify(input, signature.value()));
    CHECK_FALSE(open.verify(input + "A", signature.value()));

    const jwt_key secret = jwt_key::es256_private(test_keys::rfc_es256_private).value();
    for (int i = 0; i < 50; ++i) {
        const std::string own = secret.sign(input);
        REQUIRE(own.size() == 64);
        REQUIRE(open.verify(input, own));
    }
}

TEST_CASE("RS256 and ES256 agree with the openssl command") {
    const jwt_key rsa = jwt_key::rs256_private(test_keys::rsa_private).value();
    CHECK(base64url_encode(rsa.sign(rsa_input)) == rsa_signature);
    CHECK(jwt_key::rs256_public(test_keys::rsa_public)->verify(rsa_input, base64url_decode(rsa_signature).value()));
    const jwt_key ec = jwt_key::es256_private(test_keys::rfc_es256_private).value();
    CHECK(ec.verify(ec_input, base64url_decode(ec_signature).value()));
}

TEST_CASE("a signature with any bit changed is refused") {
    const jwt_key keys[] = {rfc_secret(), jwt_key::rs256_private(test_keys::rsa_private).value(),
                            jwt_key::es256_private(test_keys::rfc_es256_private).value()};
    for (const auto& key : keys) {
        const std::string good = key.sign("header.payload");
        REQUIRE(key.verify("header.payload", good));
        for (std::size_t at = 0; at < good.size(); ++at) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
            REQUIRE_FALSE(key.verify("header.payload", bad));
        }
    }
}

TEST_CASE("a signature of another length is refused") {
    const jwt_key keys[] = {rfc_secret(), jwt_key::rs256_private(test_keys::rsa_private).value(),
                            jwt_key::es256_private(test_keys::rfc_es256_private).value()};
    for (const auto& key : keys) {
        const std::string good = key.sign("input");
        CHECK_FALSE(key.verify("input", ""));
        CHECK_FALSE(key.verify("input", good.substr(1)));
        CHECK_FALSE(key.verify("input", good.substr(0, good.size() - 1)));
        CHECK_FALSE(key.verify("input", good + '\0'));
        CHECK_FALSE(key.verify("input", '\0' + good));
    }
}

TEST_CASE("ES256 refuses r and s of zero, and a signature in ASN.1") {
    const jwt_key key = jwt_key::es256_private(test_keys::rfc_es256_private).value();
    CHECK_FALSE(key.verify("input", std::string(64, '\0')));
    CHECK_FALSE(key.verify("input", std::string(64, '\xff')));
    const std::string asn1 =
        base64url_decode("MEUCIQDxGtYfO5sc4GZZs7YJ5qXv2yV8rCAz-h8uTkLSSvEsxwIgVJbm7Vnn7BCb3hHbV0PvmYGF"
                         "oqUjZlYbXPsOKrwIhrM")
            .value();
    CHECK_FALSE(key.verify("input", asn1));
}

TEST_CASE("weak and unsuitable keys are refused") {
    CHECK(jwt_key::hs256(std::string(31, 's')).error() == errc::invalid_argument);
    CHECK(jwt_key::hs256(std::string(32, 's')).has_value());
    CHECK(jwt_key::hs256("").error().message() == "HS256 needs a secret of at least 32 bytes");
    CHECK(jwt_key::rs256_private(test_keys::rsa_1024).error().message() ==
          "RS256 needs an RSA key of at least 2048 bits");
    CHECK(jwt_key::rs256_private(test_keys::rfc_es256_private).error().message() == "RS256 needs an RSA key");
    CHECK(jwt_key::rs256_public(test_keys::rfc_es256_public).error().message() == "RS256 needs an RSA key");
    CHECK(jwt_key::es256_private(test_keys::rsa_private).error().message() == "ES256 needs a key on the curve P-256");
    CHECK(jwt_key::es256_private(test_keys::p384_private).error().message() == "ES256 needs a key on the curve P-256");
    CHECK(jwt_key::es256_private(test_keys::ed25519_private).error() == errc::invalid_argument);
}

TEST_CASE("a public key is read from a certificate") {
    const jwt_key rsa = jwt_key::rs256_public(test_keys::rsa_certificate, "c").value();
    CHECK(rsa.verify(rsa_input, base64url_decode(rsa_signature).value()));
    CHECK_FALSE(rsa.signs());
    CHECK(rsa.kid() == "c");
    const jwt_key ec = jwt_key::es256_public(test_keys::es256_certificate).value();
    CHECK(ec.verify(ec_input, base64url_decode(ec_signature).value()));
}

TEST_CASE("the public key is read from a file with a private key and its certificate") {
    const std::string both = std::string(test_keys::rsa_private) + std::string(test_keys::rsa_certificate);
    CHECK(jwt_key::rs256_public(both).value().verify(rsa_input, base64url_decode(rsa_signature).value()));
}

TEST_CASE("a certificate with another kind of key, truncated, or in place of a private key is refused") {
    CHECK(jwt_key::rs256_public(test_keys::es256_certificate).error().message() == "RS256 needs an RSA key");
    CHECK(jwt_key::es256_public(test_keys::rsa_certificate).error().message() ==
          "ES256 needs a key on the curve P-256");
    CHECK(jwt_key::rs256_public(test_keys::rsa_certificate.substr(0, 500)).error() == errc::invalid_argument);
    CHECK(jwt_key::rs256_private(test_keys::rsa_certificate).error() == errc::invalid_argument);
}

TEST_CASE("a PEM that is encrypted, public instead of private, truncated or invalid is refused") {
    CHECK(jwt_key::rs256_private(test_keys::rsa_encrypted).error().message() ==
          "expected an unencrypted private key in PEM, which begins with -----BEGIN PRIVATE KEY-----, "
          "-----BEGIN RSA PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----");
    CHECK(jwt_key::rs256_private(test_keys::rsa_public).error() == errc::invalid_argument);
    CHECK(jwt_key::rs256_public(test_keys::rsa_private).error().message() ==
          "expected a public key or a certificate in PEM, which begins with -----BEGIN PUBLIC KEY----- or "
          "-----BEGIN CERTIFICATE-----");
    CHECK(jwt_key::rs256_private(test_keys::rsa_private.substr(0, 900)).error() == errc::invalid_argument);
    for (const std::string_view text : {"", "secret", "-----BEGIN PRIVATE KEY-----\n"})
        CHECK(jwt_key::es256_private(text).error() == errc::invalid_argument);
}

TEST_CASE("the error for a refused key doesn't contain the key") {
    const weir::error refused = jwt_key::rs256_private("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END").error();
    CHECK(refused.describe().find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("a public key verifies and doesn't sign") {
    const jwt_key key = jwt_key::rs256_public(test_keys::rsa_public, "k1").value();
    CHECK_FALSE(key.signs());
    CHECK(key.kid() == "k1");
    CHECK(key.algorithm() == weir::jwt_algorithm::rs256);
    CHECK_THROWS_AS((void)key.sign("input"), weir::error_exception);
    CHECK(jwt_key::rs256_private(test_keys::rsa_private)->signs());
}

TEST_CASE("one key signs and verifies on several threads concurrently") {
    const jwt_key keys[] = {rfc_secret(), jwt_key::rs256_private(test_keys::rsa_private).value(),
                            jwt_key::es256_private(test_keys::rfc_es256_private).value()};
    std::atomic<int> verified = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] {
                for (int i = 0; i < 20; ++i)
                    for (const auto& key : keys) verified += key.verify("input", key.sign("input"));
            });
    }
    CHECK(verified == 4 * 20 * 3);
}
