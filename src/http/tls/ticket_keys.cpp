// SPDX-License-Identifier: MIT
#include "http/tls/ticket_keys.hpp"

#include "security/openssl_error.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

namespace weir::http::detail {

namespace {

// The return values of OpenSSL's callback.
constexpr int ticket_failed = -1;
constexpr int ticket_unknown = 0;
constexpr int ticket_done = 1;
constexpr int ticket_to_renew = 2;

bool use_mac(EVP_MAC_CTX* mac, std::array<unsigned char, 32>& secret) noexcept {
    char digest[] = "SHA256";
    const OSSL_PARAM settings[] = {
        OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1), OSSL_PARAM_END};
    return EVP_MAC_CTX_set_params(mac, settings) == 1;
}

} // namespace

ticket_keys::key::~key() { OPENSSL_cleanse(this, sizeof *this); }

bool ticket_keys::key::renew() noexcept {
    return RAND_bytes(name.data(), static_cast<int>(name.size())) == 1 &&
           RAND_priv_bytes(cipher.data(), static_cast<int>(cipher.size())) == 1 &&
           RAND_priv_bytes(mac.data(), static_cast<int>(mac.size())) == 1;
}

ticket_keys::ticket_keys(const weir::clock& time) : time_(time), renew_at_(weir::detail::later(time.now(), period)) {
    security::require(current_.renew(), "TLS: no key for tickets");
}

void ticket_keys::install(SSL_CTX* context, const weir::clock& time) {
    std::unique_ptr<ticket_keys> keys(new ticket_keys(time));
    security::require(SSL_CTX_set_ex_data(context, index(), keys.get()) == 1 &&
                          SSL_CTX_set_tlsext_ticket_key_evp_cb(context, choose) == 1,
                      "TLS: no keys for tickets");
    static_cast<void>(keys.release()); // now owned by the context
}

// The keys are stored in the context, since a connection may outlive the object that created it.
int ticket_keys::index() {
    static const int one = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, forget);
    return one;
}

void ticket_keys::forget(void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) {
    const std::unique_ptr<ticket_keys> last(static_cast<ticket_keys*>(keys));
}

int ticket_keys::choose(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac, int sealing) {
    auto& keys = *static_cast<ticket_keys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), index()));
    const std::lock_guard lock(keys.mutex_);
    if (!keys.keep_fresh()) return ticket_failed;
    return sealing ? keys.seal(name, iv, cipher, mac) : keys.open(name, iv, cipher, mac);
}

// Periods are counted from the first key, regardless of handshakes.
bool ticket_keys::keep_fresh() noexcept {
    const time_point now = time_.now();
    if (now < renew_at_) return true;
    key fresh;
    if (!fresh.renew()) return false;
    const auto missed = (now - renew_at_) / period;
    if (missed == 0)
        previous_ = current_;
    else
        previous_.reset();
    current_ = fresh;
    renew_at_ += period * (missed + 1);
    return true;
}

int ticket_keys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) noexcept {
    const EVP_CIPHER* const aes = EVP_aes_256_cbc();
    std::copy(current_.name.begin(), current_.name.end(), name);
    const bool done =
        RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) == 1 &&
        EVP_EncryptInit_ex(cipher, aes, nullptr, current_.cipher.data(), iv) == 1 && use_mac(mac, current_.mac);
    return done ? ticket_done : ticket_failed;
}

int ticket_keys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac) noexcept {
    const auto named = [name](const key& one) { return std::equal(one.name.begin(), one.name.end(), name); };
    const bool is_current = named(current_);
    if (!is_current && !(previous_ && named(*previous_))) return ticket_unknown;
    key& known = is_current ? current_ : *previous_;
    const bool done =
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, known.cipher.data(), iv) == 1 && use_mac(mac, known.mac);
    if (!done) return ticket_failed;
    return is_current ? ticket_done : ticket_to_renew;
}

} // namespace weir::http::detail
