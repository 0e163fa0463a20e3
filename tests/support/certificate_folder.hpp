// SPDX-License-Identifier: MIT
#pragma once

#include "support/certificates.hpp"
#include "support/temporary_folder.hpp"
#include <weir/http/tls.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace test_support {

/// PEM files of an authority and of a server certificate signed by it, in a temporary folder.
class certificate_folder {
public:
    certificate_folder() {
        put("ca.pem", trusted.pem());
        renew("weir test");
    }
    std::string path(std::string_view name) const { return folder_ / name; }
    std::string put(std::string_view name, std::string_view text) const { return folder_.put(name, text); }

    /// Replaces the certificate by another one for localhost.
    void renew(const std::string& common_name) const {
        certificate_request wanted;
        wanted.common_name = common_name;
        wanted.subject_alt_name = "DNS:localhost,IP:127.0.0.1";
        const auto made = trusted.sign(wanted);
        put("server.pem", made.pem);
        put("server.key", made.key_pem);
    }

    weir::server_tls options() const {
        weir::server_tls made;
        made.certificate_file = path("server.pem");
        made.key_file = path("server.key");
        return made;
    }
    weir::server_tls options(weir::http::client_certificates clients) const {
        weir::server_tls made = options();
        made.clients = clients;
        made.client_ca_file = path("ca.pem");
        return made;
    }

    authority trusted;

private:
    temporary_folder folder_;
};

} // namespace test_support
