// SPDX-License-Identifier: MIT
#pragma once

#include "support/certificates.hpp"
#include "support/scripted_server.hpp"
#include <weir/core/clock.hpp>
#include <weir/core/loop.hpp>
#include <weir/http/client.hpp>

#include <boost/asio/ssl/context.hpp>

namespace test_support {

/// A loop on a manual clock, a scripted server's certificate, and options for a client that trusts it.
struct secure_fixture {
    test_support::authority trusted;
    boost::asio::ssl::context tls = test_support::server_tls(trusted.sign("IP:127.0.0.1"));
    weir::manual_clock time;
    weir::loop home{time};

    weir::http::client_options trusting() const {
        weir::http::client_options options;
        options.system_trust_store = false;
        options.ca_pem = trusted.pem();
        return options;
    }
};

} // namespace test_support
