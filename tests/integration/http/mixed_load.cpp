// SPDX-License-Identifier: MIT
// labels: concurrency
// About a hundred connections of every kind at once over two loops, for the sanitizers: short, but all mixed.
#include "integration/http/request_witness.hpp"
#include "integration/http/soak_load.hpp"
#include "integration/http/soak_server.hpp"
#include "support/certificate_folder.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_client.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mixed_connections = 200;
constexpr std::uint64_t each = 40; // of every kind, at least

// Over TLS if there are settings.
void load_mixed(const server_options& options, SSL_CTX* settings) {
    const test_support::temporary_folder folder;
    test_support::request_witness witness;
    router app;
    app.use(witness.layer());
    soak::add_routes(app, folder);
    server running(app, options);
    running.start().value();

    soak::load load(running.port(), mixed_connections, 40ms, settings);
    const auto late = soak::clock::now() + 90s; // on a slow and busy machine
    while (load.fewest() < each && load.wrong() == 0 && soak::clock::now() < late) load.run_for(100ms);
    CHECK_MESSAGE(load.wrong() == 0, "the first: " << load.first_wrong());
    for (std::size_t i = 0; i < soak::kinds; ++i)
        CHECK_MESSAGE(load.done(static_cast<soak::kind>(i)) >= each, soak::kind_names[i]);
    CHECK(running.stats().refused == 0);

    load.close_all();
    loop control;
    CHECK(control.block_on(running.stop(control.clock().now() + 20s)));
    CHECK(running.stats().aborted == 0);
    CHECK(running.stats().open == 0);
    CHECK(witness.all_ended()); // a job on a pool ends after its connection
}

} // namespace

TEST_CASE(
    "with every kind of connection at once, each response is right, each request ends once, and nothing remains") {
    load_mixed(soak::options(), nullptr);
}

TEST_CASE("with every kind of connection at once over TLS, the same holds") {
    const test_support::certificate_folder files;
    const auto settings = test_support::client_settings(files.path("ca.pem"));
    auto options = soak::options();
    options.tls = files.options();
    load_mixed(options, settings.get());
}
