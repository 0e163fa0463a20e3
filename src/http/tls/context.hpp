// SPDX-License-Identifier: MIT
#pragma once

#include "http/tls/openssl_handle.hpp"
#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/http/tls.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <mutex>

namespace weir::http::detail {

/// A server's certificate and rules in OpenSSL's form. Immutable once loaded, except for the ticket keys; thread-safe.
class tls_context {
public:
    /// Reads the files; errc::invalid_argument names an unusable one and the reason. The clock, which must outlive
    /// every connection, drives the rotation of session ticket keys.
    static result<std::shared_ptr<const tls_context>> load(
        const server_tls& options, const weir::clock& time = system_clock());

    SSL_CTX* native() const noexcept { return context_.get(); }

private:
    tls_context();

    result<void> prepare(const server_tls& options, const weir::clock& time);
    result<void> use_certificate(const server_tls& options);
    result<void> ask_clients(const server_tls& options);

    openssl_handle<SSL_CTX, SSL_CTX_free> context_;
};

/// The context for new connections; a connection keeps the one it started with. Thread-safe.
class tls_slot {
public:
    explicit tls_slot(const weir::clock& time = system_clock()) noexcept : time_(time) {}

    /// Keeps the current context if the files are invalid.
    result<void> load(const server_tls& options);
    std::shared_ptr<const tls_context> current() const;

private:
    const weir::clock& time_;
    mutable std::mutex mutex_;
    std::shared_ptr<const tls_context> context_;
};

} // namespace weir::http::detail
