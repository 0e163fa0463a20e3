// SPDX-License-Identifier: MIT
#include "support/child.hpp"

#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weir::bench {

namespace {

using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[noreturn]] void become(const std::vector<char*>& words, int cpu) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin_to(cpu);
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
    ::execv(words.front(), words.data());
    ::_exit(127);
}

std::vector<char*> words_of(std::string& program, std::vector<std::string>& arguments) {
    std::vector<char*> words{program.data()};
    for (auto& one : arguments) words.push_back(one.data());
    words.push_back(nullptr);
    return words;
}

} // namespace

void pin_to(int cpu) noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set);
}

child::child(const std::string& program, std::span<const std::string> arguments, int cpu) {
    std::string name = program;
    std::vector<std::string> own(arguments.begin(), arguments.end());
    const auto words = words_of(name, own);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) become(words, cpu);
}

child::~child() {
    ::kill(pid_, SIGTERM);
    const auto until = clock_type::now() + 2s;
    while (running() && clock_type::now() < until) std::this_thread::sleep_for(1ms);
    if (!ended_) ::kill(pid_, SIGKILL);
    while (running()) std::this_thread::sleep_for(1ms);
}

bool child::running() noexcept {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return !ended_;
}

int child::status() const noexcept { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }

descriptor connect_when_up(child& server, std::uint16_t port) {
    const auto until = clock_type::now() + 10s;
    while (clock_type::now() < until && server.running())
        if (auto socket = connect_to_loopback(port)) return socket;
    throw std::runtime_error("the server didn't start listening on its port");
}

} // namespace weir::bench
