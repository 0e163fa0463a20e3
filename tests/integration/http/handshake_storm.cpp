// SPDX-License-Identifier: MIT
// labels: long
// Thousands of TLS handshakes that stop halfway and disappear: their memory is returned.
#include "integration/http/soak_server.hpp"
#include "support/certificate_folder.hpp"
#include "support/descriptors.hpp"
#include "support/socket_client.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

using test_support::socket_client;

namespace {

constexpr std::size_t storm = 4000;

// The first bytes of a client.
std::string client_hello() {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(context.get()), &SSL_free);
    SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())); // now owned by the client
    SSL_connect(client.get());
    std::string said(4096, '\0');
    const int size = BIO_read(SSL_get_wbio(client.get()), said.data(), static_cast<int>(said.size()));
    REQUIRE(size > 0);
    said.resize(static_cast<std::size_t>(size));
    return said;
}

} // namespace

TEST_CASE("a server returns the memory of many incomplete handshakes") {
    test_support::allow_descriptors(storm + 500);
    const test_support::certificate_folder files;
    auto options = soak::options();
    options.connections = 2 * storm;
    options.connections_per_address = 2 * storm;
    options.tls = files.options();
    soak::server_process server(options);
    const std::size_t before = server.memory();
    const std::string hello = client_hello();
    std::size_t during = 0;
    {
        std::vector<std::unique_ptr<socket_client>> clients;
        for (std::size_t i = 0; i < storm; ++i) {
            clients.push_back(std::make_unique<socket_client>(server.port()));
            clients.back()->send(hello);
            REQUIRE(clients.back()->read_byte()); // the server waits for the rest of the handshake
        }
        CHECK(server.stats().open == storm);
        during = server.memory();
    }
    REQUIRE(soak::comes_true([&server] { return server.stats().open == 0; }));
    const std::size_t storms = during - before;
    CHECK(storms > 50 * 1024 * 1024); // enough to be visible
    // without malloc_trim all of it stays; how much that returns varies
    CHECK(soak::comes_true([&] { return server.memory() < before + storms / 4 * 3; }));
    MESSAGE("MiB: " << before / 1048576 << " before, " << during / 1048576 << " during, " << server.memory() / 1048576
                    << " after");
    CHECK(server.stop());
}
