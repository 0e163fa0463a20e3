// SPDX-License-Identifier: MIT
#include "security/test_keys.hpp"
#include <weir/security/crypto.hpp>
#include <weir/security/jwt.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::string_view secret = "a secret of at least 32 bytes, or so";

const weir::jwt_keys& keys() {
    static const weir::manual_clock clock;
    static const weir::jwt_keys made(
        weir::jwt_key::hs256(secret, "h").value(),
        {weir::jwt_key::rs256_public(test_keys::rsa_public, "r").value(),
         weir::jwt_key::es256_public(test_keys::rfc_es256_public, "e").value()},
        {.audience = "app", .clock = &clock});
    return made;
}

// The input as a token: without a key it can't pass the signature check.
void as_token(std::string_view bytes) {
    const auto verified = keys().verify(bytes);
    if (!verified && verified.error() != weir::errc::unauthenticated) std::abort();
}

// The input as header and payload with a valid signature, to reach the checks after it.
void as_signed_parts(std::string_view bytes) {
    const auto split = bytes.find('\n');
    if (split == bytes.npos) return;
    const std::string input = weir::security::base64url_encode(bytes.substr(0, split)) + "." +
                              weir::security::base64url_encode(bytes.substr(split + 1));
    static const weir::security::hmac_sha256_key key(secret);
    const auto mac = key.sign(input);
    const std::string token = input + "." + weir::security::base64url_encode(weir::security::bytes_of(mac));
    const auto verified = keys().verify_json(token);
    if (!verified) return as_token(token);
    // An accepted token must have an expiry.
    if (verified->find("exp") == std::string::npos && verified->find('\\') == std::string::npos) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    as_token(bytes);
    as_signed_parts(bytes);
    // One value has one encoding.
    if (const auto decoded = weir::security::base64url_decode(bytes))
        if (weir::security::base64url_encode(*decoded) != bytes) std::abort();
    return 0;
}
