// SPDX-License-Identifier: MIT
// Peers that disappear while the kernel sends them a file: `sendfile` raises SIGPIPE, which would end the process.
#include "core/broken_pipe.hpp"

#include "support/loopback.hpp"
#include "support/socket_client.hpp"
#include "support/temporary_folder.hpp"
#include <weir/http/server.hpp>
#include <weir/http/static_files.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using namespace weir;
using test_support::socket_client;

namespace {

void handle_nothing(int) {}

// Restores the process's disposition.
struct sigpipe_guard {
    struct sigaction before {};

    sigpipe_guard() { sigaction(SIGPIPE, nullptr, &before); }
    ~sigpipe_guard() { sigaction(SIGPIPE, &before, nullptr); }
    sigpipe_guard(const sigpipe_guard&) = delete;

    static auto disposition() {
        struct sigaction now {};
        sigaction(SIGPIPE, nullptr, &now);
        return now.sa_handler;
    }
};

} // namespace

TEST_CASE("clients that request a file and disappear at once leave the server serving") {
    const sigpipe_guard back;
    std::signal(SIGPIPE, SIG_DFL);
    const test_support::temporary_folder folder;
    folder.put("large", std::string(16 * 1024 * 1024, 'x'));
    folder.put("small", "small");
    router routes;
    routes.route("/files", static_files(folder.path()));
    server running(routes, test_support::loopback());
    REQUIRE(running.start());
    for (int i = 0; i < 50; ++i) socket_client(running.port()).send("GET /files/large HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 50; ++i) {
        socket_client client(running.port());
        client.send("GET /files/large HTTP/1.1\r\nHost: a\r\n\r\n");
        client.reset();
    }
    CHECK(socket_client(running.port()).request("GET", "/files/small").body == "small");
}

TEST_CASE("SIGPIPE is ignored unless the program handles it") {
    const sigpipe_guard back;
    std::signal(SIGPIPE, SIG_DFL);
    detail::ignore_broken_pipes();
    CHECK((sigpipe_guard::disposition() == SIG_IGN));
    std::signal(SIGPIPE, handle_nothing);
    detail::ignore_broken_pipes();
    CHECK((sigpipe_guard::disposition() == handle_nothing));
}
