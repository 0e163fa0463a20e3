// SPDX-License-Identifier: MIT
#include "security/openssl_error.hpp"
#include <weir/security/crypto.hpp>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <atomic>
#include <climits>
#include <vector>

namespace weir::security {

namespace {

const unsigned char* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

struct free_context {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
};

using mac_context = std::unique_ptr<EVP_MAC_CTX, free_context>;

// Fetched once and kept: otherwise OpenSSL 3 looks algorithms up by name, which costs as much as a hash.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    require(algorithm != nullptr, "SHA-256 isn't available");
    return algorithm;
}

EVP_MAC* hmac_algorithm() {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    require(algorithm != nullptr, "HMAC isn't available");
    return algorithm;
}

mac_context keyed_context(std::string_view secret) {
    mac_context made(EVP_MAC_CTX_new(hmac_algorithm()));
    require(made != nullptr, "no memory for an HMAC context");
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    // An empty key is valid, but a null pointer means "keep the previous key".
    const unsigned char* key = secret.empty() ? bytes("") : bytes(secret);
    require(EVP_MAC_init(made.get(), key, secret.size(), params) == 1, "HMAC refused its key");
    return made;
}

sha256_digest finish(EVP_MAC_CTX* context, std::string_view data) {
    sha256_digest mac{};
    std::size_t length = 0;
    const bool done = EVP_MAC_update(context, bytes(data), data.size()) == 1 &&
                      EVP_MAC_final(context, mac.data(), &length, mac.size()) == 1;
    require(done && length == mac.size(), "HMAC failed");
    return mac;
}

} // namespace

sha256_digest sha256(std::string_view data) {
    const std::unique_ptr<EVP_MD_CTX, free_context> context(EVP_MD_CTX_new());
    sha256_digest digest{};
    const bool done =
        context && EVP_DigestInit_ex(context.get(), sha256_algorithm(), nullptr) == 1 &&
        EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
    require(done, "SHA-256 failed");
    return digest;
}

sha256_digest hmac_sha256(std::string_view key, std::string_view data) {
    return finish(keyed_context(key).get(), data);
}

// A context serves one caller at a time, and copying one costs as much as a MAC. So a used context is kept in `idle`
// for the next caller; if it is taken, the caller works on a copy.
struct hmac_sha256_key::contexts {
    explicit contexts(std::string_view secret) : original(keyed_context(secret)) {}
    ~contexts() { EVP_MAC_CTX_free(idle.load(std::memory_order_acquire)); }
    contexts(const contexts&) = delete;
    contexts& operator=(const contexts&) = delete;

    mac_context take() {
        if (mac_context used{idle.exchange(nullptr, std::memory_order_acquire)}) {
            require(EVP_MAC_init(used.get(), nullptr, 0, nullptr) == 1, "HMAC can't start again");
            return used;
        }
        mac_context copy{EVP_MAC_CTX_dup(original.get())};
        require(copy != nullptr, "no memory for an HMAC context");
        return copy;
    }

    void give_back(mac_context used) noexcept {
        const mac_context other{idle.exchange(used.release(), std::memory_order_acq_rel)};
    }

    mac_context original;
    std::atomic<EVP_MAC_CTX*> idle{nullptr};
};

hmac_sha256_key::hmac_sha256_key(std::string_view secret) : contexts_(std::make_unique<contexts>(secret)) {}
hmac_sha256_key::hmac_sha256_key(hmac_sha256_key&&) noexcept = default;
hmac_sha256_key& hmac_sha256_key::operator=(hmac_sha256_key&&) noexcept = default;
hmac_sha256_key::~hmac_sha256_key() = default;

sha256_digest hmac_sha256_key::sign(std::string_view data) const {
    mac_context context = contexts_->take();
    const sha256_digest mac = finish(context.get(), data);
    contexts_->give_back(std::move(context));
    return mac;
}

bool hmac_sha256_key::verify(std::string_view data, std::string_view mac) const {
    const sha256_digest expected = sign(data);
    return constant_time_equal(bytes_of(expected), mac);
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void random_bytes(std::span<std::byte> out) {
    while (!out.empty()) {
        const auto part = out.first(std::min<std::size_t>(out.size(), INT_MAX));
        const int asked = static_cast<int>(part.size());
        require(RAND_bytes(reinterpret_cast<unsigned char*>(part.data()), asked) == 1, "no random bytes");
        out = out.subspan(part.size());
    }
}

std::string random_token(std::size_t bits) {
    std::string secret((bits + 7) / 8, '\0');
    random_bytes(std::as_writable_bytes(std::span(secret)));
    std::string token = base64url_encode(secret);
    OPENSSL_cleanse(secret.data(), secret.size());
    return token;
}

} // namespace weir::security
