// SPDX-License-Identifier: MIT
// drain_driver --program FILE --port N --rounds N --longest-ms N --server-cpu N --client-cpu N
// Repeatedly starts a server, loads it with requests that take up to --longest-ms, and sends SIGTERM. Prints for all
// rounds: `sent` (requests fully sent before the signal and not answered yet), `lost` (those of them without a complete
// response), `refused_late` (later requests without a response, which isn't a loss), `bad_exits`, and for the time from
// the signal to the process's end `exit_p95_ms` and `exit_p95_over_longest_ms`.
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using namespace weir::bench;
using clock_type = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;
using namespace std::chrono_literals;

constexpr int workers_of_each_kind = 16;
constexpr auto load_time = 300ms;

struct request {
    clock_type::time_point sent{};
    clock_type::time_point answered{}; // time of the response
    bool complete = false;
};

// Reads a complete response and checks that its status is 200. Bodies are shorter than a segment.
bool read_answer(const descriptor& socket) {
    std::array<char, 4096> room;
    std::string all;
    for (;;) {
        const auto got = ::recv(socket.fd(), room.data(), room.size(), 0);
        if (got <= 0) return false;
        all.append(room.data(), static_cast<std::size_t>(got));
        if (all.ends_with("\r\n\r\nslept\n")) return all.starts_with("HTTP/1.1 200 ");
    }
}

// Sends one request after another, on one connection or a new one each, until no response comes.
class worker {
public:
    worker(std::uint16_t port, int longest_ms, bool keeps_alive, unsigned seed)
        : port_(port), longest_ms_(longest_ms), keeps_alive_(keeps_alive), random_(seed), thread_([this] { work(); }) {}
    ~worker() { join(); }
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    void join() {
        if (thread_.joinable()) thread_.join();
    }
    const std::vector<request>& requests() const noexcept { return requests_; }

private:
    void work() {
        descriptor socket;
        for (;;) {
            if (!socket) socket = connect();
            if (!socket || !ask(socket)) return;
            if (!keeps_alive_) socket = {};
        }
    }

    descriptor connect() const {
        try {
            return connect_to_loopback(port_);
        } catch (const std::system_error&) {
            return {};
        }
    }

    bool ask(const descriptor& socket) {
        const int ms = std::uniform_int_distribution<int>(1, longest_ms_)(random_);
        const std::string text = "GET /sleep/" + std::to_string(ms) + " HTTP/1.1\r\nHost: localhost\r\n" +
                                 (keeps_alive_ ? "\r\n" : "Connection: close\r\n\r\n");
        try {
            send_all(socket, text);
        } catch (const std::system_error&) {
            return false; // not fully sent
        }
        request& mine = requests_.emplace_back();
        mine.sent = clock_type::now();
        mine.complete = read_answer(socket);
        mine.answered = clock_type::now();
        return mine.complete;
    }

    std::uint16_t port_;
    int longest_ms_;
    bool keeps_alive_;
    std::minstd_rand random_;
    std::vector<request> requests_;
    std::thread thread_;
};

struct outcome {
    std::size_t sent = 0;
    std::size_t lost = 0;
    std::size_t refused_late = 0;
    std::size_t bad_exits = 0;
    std::vector<double> exits{};
};

void count(const worker& from, clock_type::time_point signalled, outcome& all) {
    for (const request& one : from.requests()) {
        const bool before = one.sent < signalled;
        if (before && one.answered < signalled && one.complete) continue;
        all.sent += before ? 1 : 0;
        all.lost += before && !one.complete ? 1 : 0;
        all.refused_late += !before && !one.complete ? 1 : 0;
    }
}

void run_round(const arguments& given, unsigned round, outcome& all) {
    const auto port = given.number<std::uint16_t>("port");
    const auto longest = given.number<int>("longest-ms");
    const std::array<std::string, 1> words{std::to_string(port)};
    child server(given.text("program"), words, given.number<int>("server-cpu"));
    connect_when_up(server, port);
    std::vector<std::unique_ptr<worker>> workers;
    for (unsigned i = 0; i < 2 * workers_of_each_kind; ++i)
        workers.push_back(std::make_unique<worker>(port, longest, i % 2 == 0, round * 1000 + i));
    std::this_thread::sleep_for(load_time);
    const auto signalled = clock_type::now();
    ::kill(server.pid(), SIGTERM);
    while (server.running()) {
        if (clock_type::now() - signalled > 30s) throw std::runtime_error("the server doesn't end");
        std::this_thread::sleep_for(200us);
    }
    all.exits.push_back(milliseconds(clock_type::now() - signalled).count());
    all.bad_exits += server.status() != 0 ? 1 : 0;
    for (auto& one : workers) one->join();
    for (const auto& one : workers) count(*one, signalled, all);
}

void print(outcome all, int longest) {
    std::ranges::sort(all.exits);
    const std::size_t rank = (all.exits.size() * 95 + 99) / 100;
    const double p95 = all.exits[rank - 1];
    std::printf("sent %zu\nlost %zu\nrefused_late %zu\nbad_exits %zu\n", all.sent, all.lost, all.refused_late,
                all.bad_exits);
    std::printf("exit_p95_ms %.3f\nexit_p95_over_longest_ms %.3f\n", p95, p95 - longest);
}

} // namespace

int main(int count, char** words) {
    try {
        const arguments given({words + 1, static_cast<std::size_t>(count - 1)});
        pin_to(given.number<int>("client-cpu"));
        outcome all;
        const auto rounds = given.number<unsigned>("rounds");
        for (unsigned round = 0; round < rounds; ++round) run_round(given, round, all);
        print(std::move(all), given.number<int>("longest-ms"));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "drain_driver: %s\n", failure.what());
        return 1;
    }
}
