// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

// Certificates generated at run time: an authority and the certificates that it signs. Keys are P-256.
namespace test_support {

struct certificate {
    std::string pem;
    std::string key_pem;
};

struct certificate_request {
    std::string common_name = "weir test";
    std::string subject_alt_name{}; ///< in OpenSSL's format: `DNS:localhost,IP:127.0.0.1`
    long starts_in = -60;           ///< seconds from now
    long ends_in = 3600;
};

namespace tls_detail {

template<auto Free>
struct freed {
    template<class T>
    void operator()(T* one) const {
        Free(one);
    }
};
using x509 = std::unique_ptr<X509, freed<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using memory_bio = std::unique_ptr<BIO, freed<BIO_free>>;
using extension = std::unique_ptr<X509_EXTENSION, freed<X509_EXTENSION_free>>;

inline void must(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

inline std::string text_of(const memory_bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

inline std::string pem_of(X509* one) {
    memory_bio bio(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_X509(bio.get(), one) == 1, "write certificate");
    return text_of(bio);
}

inline std::string pem_of(EVP_PKEY* key) {
    memory_bio bio(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "write key");
    return text_of(bio);
}

inline void extend(X509* one, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, one, nullptr, nullptr, 0);
    extension made(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    must(made && X509_add_ext(one, made.get(), -1) == 1, "add extension");
}

inline x509 blank(const certificate_request& wanted, EVP_PKEY* key) {
    static long serial = 1;
    x509 one(X509_new());
    X509_set_version(one.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(one.get()), wanted.starts_in);
    X509_gmtime_adj(X509_getm_notAfter(one.get()), wanted.ends_in);
    X509_set_pubkey(one.get(), key);
    const auto* name = reinterpret_cast<const unsigned char*>(wanted.common_name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one.get()), "CN", MBSTRING_UTF8, name, -1, -1, 0);
    return one;
}

} // namespace tls_detail

class authority {
public:
    explicit authority(std::string name = "weir test authority") : key_(EVP_EC_gen("P-256")) {
        certificate_request self;
        self.common_name = std::move(name);
        root_ = tls_detail::blank(self, key_.get());
        X509_set_issuer_name(root_.get(), X509_get_subject_name(root_.get()));
        tls_detail::extend(root_.get(), root_.get(), NID_basic_constraints, "critical,CA:TRUE");
        tls_detail::extend(root_.get(), root_.get(), NID_key_usage, "critical,keyCertSign");
        tls_detail::must(X509_sign(root_.get(), key_.get(), EVP_sha256()) != 0, "sign");
    }

    std::string pem() const { return tls_detail::pem_of(root_.get()); }

    // The file name under which OpenSSL looks the authority up in a directory.
    std::string hashed_name() const {
        char name[16];
        std::snprintf(name, sizeof name, "%08lx.0", X509_subject_name_hash(root_.get()));
        return name;
    }

    certificate sign(const certificate_request& wanted) const {
        const tls_detail::private_key key(EVP_EC_gen("P-256"));
        const auto leaf = tls_detail::blank(wanted, key.get());
        X509_set_issuer_name(leaf.get(), X509_get_subject_name(root_.get()));
        if (!wanted.subject_alt_name.empty())
            tls_detail::extend(leaf.get(), root_.get(), NID_subject_alt_name, wanted.subject_alt_name);
        tls_detail::must(X509_sign(leaf.get(), key_.get(), EVP_sha256()) != 0, "sign");
        return {tls_detail::pem_of(leaf.get()), tls_detail::pem_of(key.get())};
    }

    certificate sign(const std::string& subject_alt_name) const {
        certificate_request wanted;
        wanted.subject_alt_name = subject_alt_name;
        return sign(wanted);
    }

private:
    tls_detail::private_key key_;
    tls_detail::x509 root_;
};

} // namespace test_support
