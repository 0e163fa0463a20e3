// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <boost/asio/ssl/context.hpp>

#include <array>
#include <string>

namespace weir::http {

/// What both sides speak inside TLS, as ALPN lists it (RFC 7301).
inline constexpr std::array<unsigned char, 9> tls_protocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// For either side: TLS 1.2 or later, no compression, no renegotiation.
void tls_harden(SSL_CTX* context);

struct tls_trust {
    bool system_store = true;
    std::string ca_file{};
    std::string ca_pem{};
    bool verify = true;
};

/// A hardened context for outgoing connections.
/// Throws error_exception (errc::invalid_argument) when a certificate can't be loaded.
boost::asio::ssl::context tls_client_context(const tls_trust& trust);

/// Prepares one connection: SNI, ALPN, and the name or address that the certificate has to carry.
result<void> tls_expect_host(SSL* connection, const std::string& host, bool verify);

/// Why a handshake failed, in words: the certificate's defect where verification refused it.
std::string tls_failure(SSL* connection, const boost::system::error_code& failed);

} // namespace weir::http
