// SPDX-License-Identifier: MIT
#include "http/tls/peer_certificate.hpp"

#include "http/tls/openssl_handle.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <string_view>

namespace weir::http::detail {

namespace {

std::string hex(const unsigned char* bytes, std::size_t size) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(size * 2);
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

std::string text_of(const X509_NAME* name) {
    const openssl_handle<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
    // RFC 2253, but UTF-8 is kept unescaped
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string text_of(const ASN1_STRING* value) {
    unsigned char* bytes = nullptr;
    const int size = ASN1_STRING_to_UTF8(&bytes, value);
    if (size < 0) return {};
    std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return text.find('\0') == std::string::npos ? text : std::string();
}

std::string common_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return {};
    return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

void add(std::vector<std::string>& names, const ASN1_STRING* value) {
    std::string text = text_of(value);
    if (!text.empty()) names.push_back(std::move(text));
}

void add_alternative_names(X509* certificate, client_certificate& made) {
    const openssl_handle<GENERAL_NAMES, GENERAL_NAMES_free> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* const one = sk_GENERAL_NAME_value(names.get(), i);
        if (one->type == GEN_DNS) add(made.dns_names, one->d.dNSName);
        if (one->type == GEN_URI) add(made.uris, one->d.uniformResourceIdentifier);
        if (one->type == GEN_EMAIL) add(made.emails, one->d.rfc822Name);
    }
}

std::string fingerprint(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
    return hex(digest.data(), size);
}

} // namespace

client_certificate describe(X509* certificate) {
    const X509_NAME* const subject = X509_get_subject_name(certificate);
    const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate);
    client_certificate made;
    made.subject = text_of(subject);
    made.issuer = text_of(X509_get_issuer_name(certificate));
    made.common_name = common_name(subject);
    made.serial = hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
    made.fingerprint = fingerprint(certificate);
    add_alternative_names(certificate, made);
    return made;
}

} // namespace weir::http::detail
