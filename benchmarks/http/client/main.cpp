// SPDX-License-Identifier: MIT
// http_client --case FILE --port N --requests N [--warmup N] [--connections N] [--pid SERVER]
// Prints `name value` lines; with --pid also the server's CPU time per request. Exits with 1 at the first wrong,
// missing or surplus response.
// http_client --case FILE --port N --pid SERVER --idle-ms N
// Opens the case's connections, sends one request on each, waits, and prints the server's memory per connection.
#include "http/client/case_file.hpp"
#include "http/client/load.hpp"
#include "support/arguments.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace weir::bench;
using seconds = std::chrono::duration<double>;
using microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t busy_at_once = 50; // of the connections that are idle afterwards

void measure(const arguments& given) {
    auto wanted = read_case_file(given.text("case"));
    wanted.connections = given.number("connections", wanted.connections);
    const auto requests = given.number<std::size_t>("requests");
    const int pid = given.number<int>("pid", 0);
    load work(wanted, given.number<std::uint16_t>("port"));
    work.run(given.number<std::size_t>("warmup", 0));

    const auto cpu_before = pid > 0 ? cpu_time(pid) : std::chrono::nanoseconds(0);
    const auto before = std::chrono::steady_clock::now();
    work.run(requests);
    const auto wall = std::chrono::steady_clock::now() - before;
    const auto cpu = pid > 0 ? cpu_time(pid) - cpu_before : std::chrono::nanoseconds(0);

    const auto count = static_cast<double>(requests);
    std::printf("requests %zu\nerrors 0\n", requests);
    std::printf("wall_s %.6f\nrequests_per_s %.1f\n", seconds(wall).count(), count / seconds(wall).count());
    if (pid > 0) std::printf("cpu_us %.4f\n", microseconds(cpu).count() / count);
}

void measure_idle(const arguments& given) {
    auto wanted = read_case_file(given.text("case"));
    const auto port = given.number<std::uint16_t>("port");
    const auto pid = given.number<int>("pid");
    const auto connections = std::exchange(wanted.connections, 1);
    load(wanted, port).run(100); // excludes memory that the first requests allocate once
    const auto before = private_memory(pid);

    std::vector<std::unique_ptr<load>> open;
    for (std::size_t i = 0; i < connections; i += wanted.connections) {
        wanted.connections = std::min(busy_at_once, connections - i);
        open.push_back(std::make_unique<load>(wanted, port));
        open.back()->run(wanted.connections);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(given.number<int>("idle-ms")));
    const auto grown = static_cast<double>(private_memory(pid)) - static_cast<double>(before);
    for (const auto& each : open) each->run(each->connections()); // checks that they were idle rather than closed
    std::printf("connections %zu\nbytes_per_connection %.1f\n", connections, grown / static_cast<double>(connections));
}

} // namespace

int main(int argc, char** argv) {
    try {
        raise_descriptor_limit();
        const arguments given({argv + 1, static_cast<std::size_t>(argc - 1)});
        given.has("idle-ms") ? measure_idle(given) : measure(given);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "errors 1\n%s\n", failure.what());
        return 1;
    }
}
