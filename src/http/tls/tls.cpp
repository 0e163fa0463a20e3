// SPDX-License-Identifier: MIT
#include "http/tls/tls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

namespace weir::http::detail {

namespace ssl = boost::asio::ssl;

namespace {

void require(const boost::system::error_code& failed, const std::string& what) {
    if (failed) throw error_exception({errc::invalid_argument, what + " can't be loaded: " + failed.message()});
}

bool is_address(const std::string& host) {
    boost::system::error_code failed;
    boost::asio::ip::make_address(host, failed);
    return !failed;
}

bool hashed(const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    const auto digits = std::find_if_not(name.begin(), name.end(), [](unsigned char c) { return std::isxdigit(c); });
    return digits - name.begin() == 8 && digits != name.end() && *digits == '.';
}

// Whether the system stores its authorities in a directory where OpenSSL can look each one up.
bool has_hashed_directory() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
    const char* named = std::getenv(X509_get_default_cert_dir_env());
    std::error_code none;
    std::filesystem::directory_iterator files(named ? named : X509_get_default_cert_dir(), none);
    return !none && std::any_of(begin(files), end(files), [](const auto& file) { return hashed(file.path()); });
}

// Looking up one authority in the directory when needed costs nothing at start-up; reading the file of all authorities
// takes tens of milliseconds per client.
void trust_system(ssl::context& made) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here writes the environment
    const bool file_chosen = std::getenv(X509_get_default_cert_file_env()) != nullptr;
    boost::system::error_code failed;
    if (file_chosen || !has_hashed_directory())
        made.set_default_verify_paths(failed);
    else if (SSL_CTX_set_default_verify_dir(made.native_handle()) != 1)
        failed = boost::asio::error::invalid_argument;
    require(failed, "the system's trust store");
}

// Sends the peer's name; there is no SNI for an address (RFC 6066, 3).
bool name_peer(SSL* connection, const std::string& host, bool address) {
    return address || SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
}

bool demand_name(SSL* connection, const std::string& host, bool address) {
    if (address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()) == 1;
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(connection, host.c_str()) == 1;
}

} // namespace

void tls_harden(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
}

ssl::context tls_client_context(const tls_trust& trust) {
    ssl::context made(ssl::context::tls_client);
    tls_harden(made.native_handle());
    made.set_verify_mode(trust.verify ? ssl::verify_peer : ssl::verify_none);
    boost::system::error_code failed;
    if (trust.system_store) trust_system(made);
    if (!trust.ca_file.empty()) require(made.load_verify_file(trust.ca_file, failed), "the CA file " + trust.ca_file);
    if (!trust.ca_pem.empty())
        require(made.add_certificate_authority(boost::asio::buffer(trust.ca_pem), failed), "the CA certificate");
    return made;
}

result<void> tls_expect_host(SSL* connection, const std::string& host, bool verify) {
    const bool address = is_address(host);
    const bool set = name_peer(connection, host, address) && (!verify || demand_name(connection, host, address)) &&
                     SSL_set_alpn_protos(connection, tls_protocols.data(), tls_protocols.size()) == 0;
    if (!set) return error(errc::invalid_argument, "TLS can't name the host " + host);
    return ok();
}

std::string tls_failure(SSL* connection, const boost::system::error_code& failed) {
    const long verdict = SSL_get_verify_result(connection);
    if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
    return failed.message();
}

} // namespace weir::http::detail
