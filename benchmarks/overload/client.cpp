// SPDX-License-Identifier: MIT
// overload_client --port N --per-second X --seconds S [--warmup S] [--seed N] [--patience-ms N] [--reconnects 1]
// An open-loop load, and a probe of /healthz every 100 ms. Prints `name value` lines.
#include "overload/open_loop.hpp"
#include "support/arguments.hpp"

#include <chrono>
#include <cstdio>
#include <exception>

namespace {

using namespace weir::bench;
using milliseconds = std::chrono::duration<double, std::milli>;

double in_ms(steady::duration time) { return milliseconds(time).count(); }

double part(const std::vector<steady::duration>& ascending, std::size_t percent) {
    if (ascending.empty()) return 0;
    return in_ms(ascending[std::min(ascending.size() - 1, ascending.size() * percent / 100)]);
}

steady::duration seconds_of(const arguments& given, const char* name, double otherwise) {
    return std::chrono::duration_cast<steady::duration>(
        std::chrono::duration<double>(given.number<double>(name, otherwise)));
}

void measure(const arguments& given) {
    open_loop_options options;
    options.port = given.number<std::uint16_t>("port");
    options.per_second = given.number<double>("per-second");
    options.seed = given.number<std::uint64_t>("seed", 1);
    options.warmup = seconds_of(given, "warmup", 2);
    options.measured = seconds_of(given, "seconds", 10);
    options.patience = std::chrono::milliseconds(given.number<int>("patience-ms", 1000));
    options.reconnects = given.number<int>("reconnects", 0) != 0;
    const auto found = open_loop(options).run();
    const double seconds = std::chrono::duration<double>(options.measured).count();
    const auto rate = [&](std::size_t count) { return static_cast<double>(count) / seconds; };
    std::printf("offered %.2f\ngoodput %.2f\nrefused %.2f\nlost %.2f\n", rate(found.due), rate(found.good),
                rate(found.refused), rate(found.lost));
    std::printf("p50_ms %.3f\np99_ms %.3f\n", part(found.latencies, 50), part(found.latencies, 99));
    std::printf("sent_late_ms %.3f\n", in_ms(found.slowest_start));
    std::printf("probes %zu\nprobes_lost %zu\nprobe_slowest_ms %.3f\n", found.probes.asked, found.probes.lost,
                in_ms(found.probes.slowest));
}

} // namespace

int main(int argc, char** argv) {
    try {
        raise_descriptor_limit();
        measure(arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "overload_client: %s\n", failure.what());
        return 1;
    }
}
