// SPDX-License-Identifier: MIT
#include "support/certificate_folder.hpp"
#include "support/tls_client.hpp"
#include <weir/http/limits.hpp>
#include <weir/http/server.hpp>
#include <weir/http/tls.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;

weir::http::limits behind_a_proxy() {
    weir::http::limits strict;
    strict.body = 64 * 1024;
    strict.handler_time = 5s;
    strict.idle_time = 90s; // longer than the proxy's, so that the proxy closes first
    return strict;
}

weir::server_options for_many_clients() {
    weir::server_options options;
    options.connections = 50'000;
    options.connections_per_address = 200;
    options.unlimited_networks.push_back("203.0.113.16/28"); // the load balancer's public addresses
    return options;
}

weir::server_options with_tls(const std::string& folder) {
    weir::server_options options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.tls = weir::http::server_tls{.certificate_file = folder + "/cert.pem", .key_file = folder + "/key.pem"};
    return options;
}

TEST_CASE("the guide's limits hold") {
    weir::router app;
    app.post("/", [](weir::request& req) { return std::to_string(req.body().size()); });
    weir::test_client client(app, {.limits = behind_a_proxy()});
    CHECK(client.post("/", std::string(1000, ' ')).body == "1000");
    CHECK(client.post("/", std::string(65 * 1024, ' ')).status == 413);
}

TEST_CASE("the guide's server counts connections by address, except from its exempt networks") {
    weir::router app;
    app.get("/", [] { return "in"; });
    auto options = for_many_clients();
    options.address = "127.0.0.1";
    options.port = 0;
    weir::server server(app, options);
    CHECK(server.start());
    options.unlimited_networks.push_back("203.0.113.16/33");
    weir::server wrong(app, options);
    CHECK(!wrong.start());
}

TEST_CASE("a server without its certificate doesn't start and names the missing file") {
    weir::router app;
    weir::server server(app, with_tls("/nowhere"));
    const auto started = server.start();
    REQUIRE(!started);
    CHECK(started.error().message().find("/nowhere/cert.pem") != std::string::npos);
}

TEST_CASE("the guide's TLS server speaks HTTPS and presents a renewed certificate") {
    test_support::certificate_folder files;
    const auto install = [&files](const std::string& common_name) {
        test_support::certificate_request wanted;
        wanted.common_name = common_name;
        wanted.subject_alt_name = "DNS:localhost,IP:127.0.0.1";
        const auto made = files.trusted.sign(wanted);
        files.put("cert.pem", made.pem);
        files.put("key.pem", made.key_pem);
    };
    install("guide");
    const auto shown_by = [](SSL* connection) {
        const std::unique_ptr<X509, test_support::tls_detail::freed<X509_free>> one(
            SSL_get1_peer_certificate(connection));
        char text[100] = "";
        if (one) X509_NAME_get_text_by_NID(X509_get_subject_name(one.get()), NID_commonName, text, sizeof text);
        return std::string(text);
    };

    weir::router app;
    app.get("/", [] { return "over TLS"; });
    const std::string cert = files.path("cert.pem");
    weir::server server(app, with_tls(cert.substr(0, cert.rfind('/'))));
    REQUIRE(server.start());
    const auto settings = test_support::client_settings(files.path("ca.pem"));
    test_support::tls_client first(server.port(), settings.get());
    REQUIRE(first.handshake().empty());
    CHECK(first.get("/").ends_with("\r\n\r\nover TLS"));
    CHECK(shown_by(first.native()) == "guide");

    install("renewed");
    CHECK(server.reload_tls());
    test_support::tls_client second(server.port(), settings.get());
    REQUIRE(second.handshake().empty());
    CHECK(second.get("/").ends_with("\r\n\r\nover TLS"));
    CHECK(shown_by(second.native()) == "renewed");
    CHECK(first.get("/").ends_with("over TLS"));
}
