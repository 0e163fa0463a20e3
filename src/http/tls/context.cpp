// SPDX-License-Identifier: MIT
#include "http/tls/context.hpp"

#include "http/tls/ticket_keys.hpp"
#include "http/tls/tls.hpp"
#include "security/openssl_error.hpp"

#include <openssl/err.h>

#include <string>
#include <system_error>
#include <utility>

namespace weir::http::detail {

namespace {

// OpenSSL's first error is the cause; the others come from its callers.
std::string reason() {
    const unsigned long code = ERR_peek_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
    const char* const text = ERR_reason_error_string(code);
    return text ? text : "unknown reason";
}

error unusable(const char* what, const std::string& file) {
    if (file.empty()) return error(errc::invalid_argument, std::string("TLS: no ") + what + " is configured");
    return error(errc::invalid_argument, std::string("TLS: the ") + what + " " + file + " can't be used: " + reason());
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    unsigned char* found = nullptr;
    const int outcome =
        SSL_select_next_proto(&found, size, tls_protocols.data(), tls_protocols.size(), offered, offered_size);
    if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL; // no_application_protocol
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

// OpenSSL would otherwise prompt on the terminal.
int no_password(char*, int, int, void*) { return -1; }

} // namespace

tls_context::tls_context() : context_(SSL_CTX_new(TLS_server_method())) {
    security::require(context_ != nullptr, "TLS: no context");
}

result<std::shared_ptr<const tls_context>> tls_context::load(const server_tls& options, const weir::clock& time) {
    const std::shared_ptr<tls_context> made(new tls_context);
    ERR_clear_error();
    if (auto done = made->prepare(options, time); !done) return done.error();
    if (auto done = made->use_certificate(options); !done) return done.error();
    if (auto done = made->ask_clients(options); !done) return done.error();
    return std::shared_ptr<const tls_context>(made);
}

result<void> tls_context::prepare(const server_tls& options, const weir::clock& time) {
    static constexpr unsigned char service[] = "weir";
    SSL_CTX* const made = context_.get();
    tls_harden(made);
    if (options.oldest == tls_version::v1_3) SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION);
    security::require(SSL_CTX_set_cipher_list(made, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1, "TLS: no ciphers");
    SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
    // Sessions resume only by tickets. The keys belong to the context, so a reload invalidates all tickets: the new
    // files' rules for client certificates then apply to every connection.
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    ticket_keys::install(made, time);
    SSL_CTX_set_session_id_context(made, service, sizeof service - 1);
    SSL_CTX_set_alpn_select_cb(made, choose_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(made, no_password);
    return ok();
}

result<void> tls_context::use_certificate(const server_tls& options) {
    SSL_CTX* const made = context_.get();
    if (SSL_CTX_use_certificate_chain_file(made, options.certificate_file.c_str()) != 1)
        return unusable("certificate file", options.certificate_file);
    if (SSL_CTX_use_PrivateKey_file(made, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        return unusable("key file", options.key_file);
    // A key whose type differs from the certificate's hasn't been compared with it yet.
    if (SSL_CTX_check_private_key(made) != 1) return unusable("key file", options.key_file);
    return ok();
}

result<void> tls_context::ask_clients(const server_tls& options) {
    if (options.clients == client_certificates::ignored) return ok();
    SSL_CTX* const made = context_.get();
    const char* const file = options.client_ca_file.c_str();
    auto* const names = SSL_load_client_CA_file(file); // sent to clients, which choose a certificate by it
    if (!names) return unusable("client CA file", options.client_ca_file);
    SSL_CTX_set_client_CA_list(made, names);
    if (SSL_CTX_load_verify_file(made, file) != 1) return unusable("client CA file", options.client_ca_file);
    const bool must = options.clients == client_certificates::required;
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    return ok();
}

result<void> tls_slot::load(const server_tls& options) {
    auto made = tls_context::load(options, time_);
    if (!made) return made.error();
    const std::lock_guard lock(mutex_);
    context_ = std::move(*made);
    return ok();
}

std::shared_ptr<const tls_context> tls_slot::current() const {
    const std::lock_guard lock(mutex_);
    return context_;
}

} // namespace weir::http::detail
