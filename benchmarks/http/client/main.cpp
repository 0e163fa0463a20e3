// SPDX-License-Identifier: MIT
// http_client --case FILE --port N --requests N [--warmup N] [--pid SERVER]
// Prints `name value` lines; with --pid also the server's CPU time per request. Ends with 1 at the first
// wrong, missing or surplus answer.
#include "http/client/case_file.hpp"
#include "http/client/load.hpp"
#include "support/arguments.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>

namespace {

using namespace weir::bench;
using seconds = std::chrono::duration<double>;
using microseconds = std::chrono::duration<double, std::micro>;

void measure(const arguments& given) {
    const auto wanted = read_case_file(given.text("case"));
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

} // namespace

int main(int argc, char** argv) {
    try {
        raise_descriptor_limit();
        measure(arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "errors 1\n%s\n", failure.what());
        return 1;
    }
}
