// SPDX-License-Identifier: MIT
// start_driver --program FILE --port N --runs N --server-cpu N --client-cpu N
// Repeatedly starts a server; prints `start_ms` (from exec to the first response) and `resident_kib` (after it) for
// each run. The server's output is dropped; it gets SIGTERM, and SIGKILL if it doesn't end.
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace {

using namespace weir::bench;
using clock_type = std::chrono::steady_clock;

void expect_ok(const descriptor& socket) {
    send_all(socket, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    std::array<char, 4096> buffer;
    const auto got = ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
    const std::string_view answer(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    if (!answer.starts_with("HTTP/1.1 200 ")) throw std::runtime_error("the first answer isn't 200");
}

void run_once(const arguments& given) {
    const auto port = given.number<std::uint16_t>("port");
    if (connect_to_loopback(port)) throw std::runtime_error("the port is in use");
    const auto before = clock_type::now();
    child server(given.text("program"), {}, given.number<int>("server-cpu"));
    const auto socket = connect_when_up(server, port);
    expect_ok(socket);
    const std::chrono::duration<double, std::milli> taken = clock_type::now() - before;
    std::printf("start_ms %.4f\nresident_kib %zu\n", taken.count(), resident_kib(server.pid()));
}

} // namespace

int main(int argc, char** argv) {
    try {
        const arguments given({argv + 1, static_cast<std::size_t>(argc - 1)});
        pin_to(given.number<int>("client-cpu"));
        for (auto runs = given.number<int>("runs"); runs > 0; --runs) run_once(given);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "start_driver: %s\n", failure.what());
        return 1;
    }
}
