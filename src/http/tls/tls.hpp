// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <boost/asio/ssl/context.hpp>

#include <array>
#include <string>

namespace weir::http::detail {

/// The protocol used inside TLS, in ALPN's format (RFC 7301).
inline constexpr std::array<unsigned char, 9> tls_protocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// Hardens a context of either side: TLS 1.2 or later, no compression, no renegotiation.
void tls_harden(SSL_CTX* context);

struct tls_trust {
    bool system_store = true;
    std::string ca_file{};
    std::string ca_pem{};
    bool verify = true;
};

/// Returns a hardened context for outgoing connections. Throws error_exception (errc::invalid_argument) if a
/// certificate can't be loaded.
boost::asio::ssl::context tls_client_context(const tls_trust& trust);

/// Prepares one connection: SNI, ALPN, and the name or address that the certificate must contain.
result<void> tls_expect_host(SSL* connection, const std::string& host, bool verify);

/// Returns why a handshake failed: the certificate's defect if verification refused it.
std::string tls_failure(SSL* connection, const boost::system::error_code& failed);

} // namespace weir::http::detail
