// SPDX-License-Identifier: MIT
// labels: integration
#include "support/certificate_folder.hpp"
#include "support/tls_client.hpp"
#include <weir/app/app.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <unistd.h>

using namespace weir;
using test_support::tls_client;

namespace {

struct app_fixture {
    test_support::certificate_folder files;
    test_support::tls_detail::tls_settings settings = test_support::client_settings(files.path("ca.pem"));

    // The subject that a new connection sees.
    std::string subject(std::uint16_t port) const {
        tls_client client(port, settings.get());
        if (const auto failed = client.handshake(); !failed.empty()) return failed;
        const std::unique_ptr<X509, test_support::tls_detail::freed<X509_free>> one(
            SSL_get1_peer_certificate(client.native()));
        char text[100] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(one.get()), NID_commonName, text, sizeof text);
        return text;
    }
    bool becomes(std::uint16_t port, const std::string& wanted) const {
        const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (subject(port) != wanted)
            if (std::chrono::steady_clock::now() > late) return false;
        return true;
    }
};

} // namespace

TEST_CASE_FIXTURE(app_fixture, "a service speaks HTTPS and loads its renewed certificate on SIGHUP") {
    weir::app app;
    std::thread driver;
    std::string before;
    bool renewed = false;
    bool again = false;
    app.on_listening([&](std::uint16_t port) {
        driver = std::thread([&, port] {
            before = subject(port);
            files.renew("renewed");
            ::kill(::getpid(), SIGHUP);
            renewed = becomes(port, "renewed");
            files.renew("once more");
            ::kill(::getpid(), SIGHUP);
            again = becomes(port, "once more");
            app.stop();
        });
    });
    run_options options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.loops = 1;
    options.tls = files.options();
    CHECK(app.run(options) == 0);
    driver.join();
    CHECK(before == "weir test");
    CHECK(renewed);
    CHECK(again);
}

TEST_CASE_FIXTURE(app_fixture, "an unusable certificate ends the start") {
    weir::app app;
    run_options options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.tls = files.options();
    options.tls->certificate_file = files.path("none.pem");
    CHECK(app.run(options) == 1);
}
