// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::http {

/// Whether a server requests client certificates.
enum class client_certificates : std::uint8_t {
    ignored,   ///< clients aren't asked for a certificate
    requested, ///< a certificate that is sent must be valid; a client without one is served too
    required   ///< no handshake without a valid certificate
};

enum class tls_version : std::uint8_t { v1_2, v1_3 };

/// A server's certificate and its requirements for clients (RFC 8446, RFC 5246). Only forward-secret AEAD ciphers, no
/// renegotiation, no compression; ALPN selects `http/1.1` and refuses a client that offers only other protocols.
/// Sessions resume by tickets whose keys rotate every 6 hours; a ticket is valid under the current and the previous
/// key.
struct server_tls {
    std::string certificate_file{}; ///< PEM: the certificate, then the intermediate certificates
    std::string key_file{};         ///< PEM, not encrypted
    tls_version oldest = tls_version::v1_2;
    client_certificates clients = client_certificates::ignored;
    std::string client_ca_file{}; ///< PEM: the authorities that may sign a client's certificate
};

/// A client's certificate that the server has verified against `client_ca_file`.
struct client_certificate {
    std::string subject{};                ///< in the format of RFC 2253: `CN=device-7,O=weir`
    std::string issuer{};                 ///< the signer, in the same format
    std::string common_name{};            ///< empty unless the subject has exactly one
    std::vector<std::string> dns_names{}; ///< the alternative names by kind
    std::vector<std::string> uris{};      ///< `spiffe://...`
    std::vector<std::string> emails{};    ///< rfc822Name
    std::string serial{};                 ///< hexadecimal
    std::string fingerprint{};            ///< SHA-256 of the certificate, hexadecimal
};

/// Properties of a TLS connection.
struct tls_info {
    std::string version{}; ///< `TLSv1.3`
    std::string cipher{};  ///< `TLS_AES_256_GCM_SHA384`
    std::optional<client_certificate> certificate{};
};

/// Returns the TLS connection of the request, null without TLS; valid as long as the request.
const tls_info* tls_of(const request& req) noexcept;

/// The client's certificate as a handler's parameter; errc::unauthenticated (401) if it sent none.
template<>
struct extractor<client_certificate> {
    static result<client_certificate> from(request& req);
};

} // namespace weir::http

namespace weir {
using http::client_certificate;
using http::server_tls;
} // namespace weir
