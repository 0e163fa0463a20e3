// SPDX-License-Identifier: MIT
// start_driver --program FILE --port N --runs N --server-cpu N --client-cpu N
// Starts a server again and again; prints `start_ms` (exec to the first response) and `resident_kib` (after
// it) for each run. The server's output is dropped; it gets SIGTERM, and SIGKILL when that isn't enough.
#include "support/arguments.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace weir::bench;
using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

void pin_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set); // a refusal only makes the figures noisier
}

/// A running program; ended and reaped when it goes.
class child {
public:
    child(const std::string& program, int cpu) : pid_(::fork()) {
        if (pid_ < 0) throw std::runtime_error("fork failed");
        if (pid_ == 0) become(program, cpu);
    }
    child(const child&) = delete;
    ~child() {
        ::kill(pid_, SIGTERM);
        const auto until = clock_type::now() + 2s;
        while (running() && clock_type::now() < until) std::this_thread::sleep_for(1ms);
        if (!ended_) ::kill(pid_, SIGKILL);
        while (!ended_) running();
    }

    int pid() const noexcept { return pid_; }
    bool running() {
        if (!ended_) ended_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
        return !ended_;
    }

private:
    [[noreturn]] static void become(const std::string& program, int cpu) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin_to(cpu);
        const int nowhere = ::open("/dev/null", O_RDWR);
        for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
        ::execl(program.c_str(), program.c_str(), nullptr);
        ::_exit(127);
    }

    int pid_;
    bool ended_ = false;
};

/// Asks until somebody listens; throws when the server ends or 10 s pass.
descriptor connect_when_up(child& server, std::uint16_t port) {
    const auto until = clock_type::now() + 10s;
    while (clock_type::now() < until && server.running())
        if (auto socket = connect_to_loopback(port)) return socket;
    throw std::runtime_error("the server didn't start listening on its port");
}

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
    child server(given.text("program"), given.number<int>("server-cpu"));
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
