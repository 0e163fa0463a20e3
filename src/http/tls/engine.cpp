// SPDX-License-Identifier: MIT
#include "http/tls/engine.hpp"

#include "http/tls/peer_certificate.hpp"
#include "security/openssl_error.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace weir::http::detail {

namespace {

tls_engine& engine_of(BIO* bio) { return *static_cast<tls_engine*>(BIO_get_data(bio)); }

// Whether the input looks like an HTTP method in capitals; OpenSSL itself detects only four. A handshake starts with
// byte 22.
bool starts_request(std::string_view start) noexcept {
    const std::string_view name = start.substr(0, start.find(' '));
    const bool capital = !name.empty() && name[0] >= 'A' && name[0] <= 'Z';
    return capital && std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

} // namespace

// The BIO that OpenSSL reads and writes through: our input and the caller's string.
const BIO_METHOD* tls_engine::method() {
    static const openssl_handle<BIO_METHOD, BIO_meth_free> made = [] {
        openssl_handle<BIO_METHOD, BIO_meth_free> one(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir"));
        security::require(one && BIO_meth_set_read_ex(one.get(), take) == 1 &&
                              BIO_meth_set_write_ex(one.get(), give) == 1 && BIO_meth_set_ctrl(one.get(), control) == 1,
                          "TLS: no BIO method");
        return one;
    }();
    return made.get();
}

int tls_engine::take(BIO* bio, char* into, std::size_t size, std::size_t* taken) {
    auto& input = engine_of(bio).input_;
    BIO_clear_retry_flags(bio);
    *taken = std::min(size, input.size());
    if (*taken == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    std::memcpy(into, input.data(), *taken);
    engine_of(bio).note_start({into, *taken});
    input = input.subspan(*taken);
    return 1;
}

void tls_engine::note_start(std::string_view taken) noexcept {
    const std::size_t most = std::min(taken.size(), start_.size() - start_size_);
    std::copy_n(taken.data(), most, start_.data() + start_size_);
    start_size_ += static_cast<std::uint8_t>(most);
}

int tls_engine::give(BIO* bio, const char* from, std::size_t size, std::size_t* given) {
    BIO_clear_retry_flags(bio);
    std::string* const output = engine_of(bio).output_;
    if (!output) return 0;
    try {
        output->append(from, size);
    } catch (const std::bad_alloc&) {
        return 0; // the caller is C code: the connection fails
    }
    *given = size;
    return 1;
}

long tls_engine::control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

tls_engine::tls_engine(SSL_CTX* context, role side) : ssl_(SSL_new(context)) {
    security::require(ssl_ != nullptr, "TLS: no connection");
    BIO* const bio = BIO_new(method());
    security::require(bio != nullptr, "TLS: no BIO");
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (side == role::server)
        SSL_set_accept_state(ssl_.get());
    else
        SSL_set_connect_state(ssl_.get());
}

tls_engine::step tls_engine::read(std::span<char> room, std::size_t& size, std::string& out) {
    size = 0;
    if (failed_) return step::failed;
    output_ = &out;
    ERR_clear_error();
    const int done = SSL_read_ex(ssl_.get(), room.data(), room.size(), &size);
    output_ = nullptr;
    if (done == 1) return step::piece;
    switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
        return step::more;
    case SSL_ERROR_ZERO_RETURN:
        return step::end;
    default:
        return fail();
    }
}

tls_engine::step tls_engine::fail() {
    speaks_http_ = !ready() && starts_request({start_.data(), start_size_});
    failed_ = true;
    ERR_clear_error();
    return step::failed;
}

bool tls_engine::encrypt(std::string_view plain, std::string& out) {
    if (failed_ || closed_ || !ready()) return false;
    if (plain.empty()) return true;
    output_ = &out;
    ERR_clear_error();
    std::size_t written = 0;
    const int done = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written);
    output_ = nullptr;
    if (done != 1) fail();
    return done == 1;
}

void tls_engine::close(std::string& out) {
    if (failed_ || closed_ || !ready()) return;
    closed_ = true;
    output_ = &out;
    ERR_clear_error();
    SSL_shutdown(ssl_.get()); // `read` reports the peer's close_notify
    ERR_clear_error();
    output_ = nullptr;
}

tls_info tls_engine::info() const {
    tls_info made;
    made.version = SSL_get_version(ssl_.get());
    made.cipher = SSL_get_cipher_name(ssl_.get());
    const openssl_handle<X509, X509_free> peer(SSL_get1_peer_certificate(ssl_.get()));
    if (peer && SSL_get_verify_result(ssl_.get()) == X509_V_OK) made.certificate = describe(peer.get());
    return made;
}

} // namespace weir::http::detail
