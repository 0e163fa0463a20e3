// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::http {

/// What a server asks of its clients.
enum class client_certificates : std::uint8_t {
    ignored,   ///< clients aren't asked for one
    requested, ///< one that is sent has to be valid; a client without any is served too
    required   ///< no handshake without a valid one
};

enum class tls_version : std::uint8_t { v1_2, v1_3 };

/// A server's own certificate and what it expects of clients (RFC 8446, RFC 5246). Forward-secret AEAD ciphers
/// only, no renegotiation, no compression; ALPN takes `http/1.1` and refuses a client that offers only others. Sessions
/// resume by tickets whose keys change every 6 hours; a ticket counts under the current key and the one before.
struct server_tls {
    std::string certificate_file{}; ///< PEM: the certificate, then those between it and the authority
    std::string key_file{};         ///< PEM, not encrypted
    tls_version oldest = tls_version::v1_2;
    client_certificates clients = client_certificates::ignored;
    std::string client_ca_file{}; ///< PEM: who may have signed a client's certificate
};

/// A client's certificate that the server has verified against its `client_ca_file`.
struct client_certificate {
    std::string subject{};                ///< as RFC 2253 writes it: `CN=device-7,O=weir`
    std::string issuer{};                 ///< the same of who signed it
    std::string common_name{};            ///< empty unless the subject has exactly one
    std::vector<std::string> dns_names{}; ///< the alternative names by kind
    std::vector<std::string> uris{};      ///< `spiffe://...`
    std::vector<std::string> emails{};    ///< rfc822Name
    std::string serial{};                 ///< hexadecimal
    std::string fingerprint{};            ///< SHA-256 of the certificate, hexadecimal
};

/// What is known of a TLS connection.
struct tls_info {
    std::string version{}; ///< `TLSv1.3`
    std::string cipher{};  ///< `TLS_AES_256_GCM_SHA384`
    std::optional<client_certificate> certificate{};
};

/// The TLS connection that the request came on, null for one in clear; lives as long as the request.
const tls_info* tls_of(const request& req) noexcept;

/// The client's certificate as a handler's parameter; errc::unauthenticated (401) where it sent none.
template<>
struct extractor<client_certificate> {
    static result<client_certificate> from(request& req);
};

} // namespace weir::http

namespace weir {
using http::client_certificate;
using http::server_tls;
} // namespace weir
