// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <boost/asio/ssl/context.hpp>

#include <string>

namespace weir::http {

struct tls_trust {
    bool system_store = true;
    std::string ca_file{};
    std::string ca_pem{};
    bool verify = true;
};

/// A context for outgoing connections: TLS 1.2 or later, no compression, no renegotiation.
/// Throws error_exception (errc::invalid_argument) when a certificate can't be loaded.
boost::asio::ssl::context tls_client_context(const tls_trust& trust);

/// Prepares one connection: SNI, ALPN, and the name or address that the certificate has to carry.
result<void> tls_expect_host(SSL* connection, const std::string& host, bool verify);

/// Why a handshake failed, in words: the certificate's defect where verification refused it.
std::string tls_failure(SSL* connection, const boost::system::error_code& failed);

} // namespace weir::http
