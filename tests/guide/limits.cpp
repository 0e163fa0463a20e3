// SPDX-License-Identifier: MIT
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
    strict.idle_time = 90s; // longer than the proxy's, so that the proxy is the one to close
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

TEST_CASE("the guide's server counts its connections by address, except from its own networks") {
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

TEST_CASE("a server without its certificate doesn't start, and says which file it lacks") {
    weir::router app;
    weir::server server(app, with_tls("/nowhere"));
    const auto started = server.start();
    REQUIRE(!started);
    CHECK(started.error().message().find("/nowhere/cert.pem") != std::string::npos);
}
