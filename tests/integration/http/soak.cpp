// SPDX-License-Identifier: MIT
// labels: long
// 10,000 connections for a minute, of every kind that a server meets, while one more measures response times; in
// parallel 500 over TLS to a separate server.
#include "integration/http/soak_load.hpp"
#include "integration/http/soak_server.hpp"
#include "support/certificate_folder.hpp"
#include "support/descriptors.hpp"
#include "support/socket_client.hpp"
#include "support/tls_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <iomanip>
#include <iostream>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using test_support::socket_client;

namespace {

constexpr std::size_t connections = 10'000;
constexpr std::size_t secure_connections = 500;
constexpr auto warm_up = 25s; // five of them until all are connected
constexpr int minute = 60;

weir::server_options options() {
    auto made = soak::options();
    made.connections = connections + 1000; // a client may reconnect before its old connection's end was noticed
    made.connections_per_address = 2 * connections / 8;
    made.unlimited_networks = {};
    return made;
}

// Sends two hundred requests per second from its own thread; returns the time of each response.
std::vector<double> watch(std::uint16_t port, const std::atomic<bool>& over, std::atomic<int>& wrong) {
    std::vector<double> took;
    try {
        socket_client client(port);
        for (int i = 0; !over; ++i) {
            const std::string number = std::to_string(i);
            const auto begin = soak::clock::now();
            const auto res = client.request("GET", "/number/" + number);
            took.push_back(std::chrono::duration<double, std::milli>(soak::clock::now() - begin).count());
            if (res.status != 200 || res.body != "number " + number) ++wrong;
            std::this_thread::sleep_until(begin + 5ms);
        }
    } catch (const std::runtime_error&) {
        ++wrong;
    }
    std::sort(took.begin(), took.end());
    return took;
}

double part(const std::vector<double>& sorted, double share) {
    return sorted.at(std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size()))));
}

double median(std::vector<std::size_t> of) {
    std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
    return static_cast<double>(of[of.size() / 2]);
}

void check_answers(const soak::load& load) {
    CHECK_MESSAGE(load.wrong() == 0, "the first: " << load.first_wrong());
    for (std::size_t i = 0; i < soak::kind_names.size(); ++i)
        CHECK_MESSAGE(load.done(static_cast<soak::kind>(i)) > 0, soak::kind_names[i]);
}

constexpr double mib = 1024.0 * 1024.0;

} // namespace

TEST_CASE("10,000 connections of all kinds for a minute leave nothing behind, and every response is right") {
    test_support::allow_descriptors(
        connections + secure_connections + 500); // each process has one end of every connection
    soak::server_process server(options());
    const test_support::certificate_folder files;
    const auto settings = test_support::client_settings(files.path("ca.pem"));
    auto with_tls = options();
    with_tls.tls = files.options();
    soak::server_process secure_server(with_tls);
    CHECK(socket_client(server.port()).request("GET", "/number/1").body == "number 1");
    REQUIRE(soak::comes_true([&server] { return server.stats().open == 0; }));
    const std::size_t descriptors = server.descriptors();
    const std::size_t memory_at_start = server.memory();

    soak::load load(server.port(), connections);
    load.run_for(warm_up);
    std::atomic<bool> over{false};
    soak::load secure_load(secure_server.port(), secure_connections, 2s, settings.get());
    auto secure = std::async(std::launch::async, [&] { secure_load.run_for(minute * 1s); });
    std::atomic<int> canary_wrong{0};
    auto canary = std::async(std::launch::async, [&] { return watch(server.port(), over, canary_wrong); });
    std::vector<std::size_t> memory;
    std::size_t fewest = connections;
    for (int second = 0; second < minute; ++second) {
        load.run_for(1s);
        memory.push_back(server.memory());
        fewest = std::min(fewest, load.connected());
    }
    over = true;
    secure.get();
    const auto took = canary.get();
    const auto busy = server.stats();

    std::cout << std::fixed << std::setprecision(2) << "canary, ms: p50 " << part(took, 0.5) << ", p99 "
              << part(took, 0.99) << ", p99.9 " << part(took, 0.999) << ", most " << took.back() << " of "
              << took.size() << " (aim: p99.9 under 50)\n";
    for (std::size_t i = 0; i < soak::kind_names.size(); ++i)
        std::cout << soak::kind_names[i] << ": " << load.done(static_cast<soak::kind>(i)) << "; ";
    const std::vector<std::size_t> first(memory.begin(), memory.begin() + 10);
    const std::vector<std::size_t> last(memory.end() - 10, memory.end());
    std::cout << "\nserver: " << busy.accepted << " accepted, " << busy.open << " open; at least " << fewest
              << " connected; resident MiB: " << static_cast<double>(memory_at_start) / mib << " at the start, "
              << median(first) / mib << " in the first ten seconds, " << median(last) / mib << " in the last\n";

    check_answers(load);
    check_answers(secure_load);
    CHECK(canary_wrong == 0);
    CHECK(busy.refused == 0);
    // The variable part: how many connections happen to have a buffer. A twentieth and 4 MiB exceed that, and are less
    // than 64 lost bytes per request.
    CHECK(median(last) <= median(first) * 1.05 + 4 * mib);

    load.close_all();
    secure_load.close_all();
    soak::comes_true([&] { return server.descriptors() <= descriptors; });
    CHECK(server.descriptors() == descriptors);
    CHECK(server.stats().open == 0);
    std::cout << "afterwards: " << server.descriptors() << " descriptors as at the start, "
              << static_cast<double>(server.memory()) / mib << " MiB resident\n";
    CHECK(server.stop());
    CHECK(secure_server.stop());
}
