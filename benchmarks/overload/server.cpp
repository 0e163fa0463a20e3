// SPDX-License-Identifier: MIT
// overload_server --shed yes|no [--work-us N]
// weir with one loop. GET / uses that much CPU time of its thread (2 ms) before responding; with --shed yes behind an
// adaptive limit. /healthz always responds. Prints the limit's final state at the end.
#include "support/arguments.hpp"
#include "support/socket.hpp"
#include <weir/app.hpp>
#include <weir/http/middleware/shed.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>

namespace {

using std::chrono::nanoseconds;

nanoseconds thread_cpu_time() {
    timespec now{};
    if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) throw std::runtime_error("no CPU time of the thread");
    return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

void burn(nanoseconds time) {
    for (const auto end = thread_cpu_time() + time; thread_cpu_time() < end;)
        for (volatile int spin = 0; spin < 500;) spin = spin + 1;
}

void print(const weir::adaptive_limit_stats& found) {
    const std::chrono::duration<double, std::milli> least = found.min_latency;
    std::printf("limit %.1f\nmin_latency_ms %.3f\nprobes %llu\n", found.limit, least.count(),
                static_cast<unsigned long long>(found.probes));
}

int serve(const weir::bench::arguments& given) {
    const std::chrono::microseconds work(given.number<std::int64_t>("work-us", 2000));
    weir::adaptive_limit adaptive;
    weir::app app;
    app.serve_health();
    if (given.text("shed") == "yes") app.use(weir::shed(adaptive));
    app.get("/", [work] {
        burn(work);
        return "done";
    });
    app.on_listening([](std::uint16_t port) { weir::bench::announce(port); });
    const int status = app.run({.address = "127.0.0.1", .port = 0, .loops = 1});
    print(adaptive.stats());
    return status;
}

} // namespace

int main(int argc, char** argv) {
    try {
        weir::bench::raise_descriptor_limit();
        return serve(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "overload_server: %s\n", failure.what());
        return 1;
    }
}
