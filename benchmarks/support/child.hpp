// SPDX-License-Identifier: MIT
#pragma once

#include "support/socket.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace weir::bench {

/// Pins this process to one processor; if that fails, the figures are only noisier.
void pin_to(int cpu) noexcept;

/// A running program with its output dropped; the destructor ends and reaps it.
class child {
public:
    /// Throws std::runtime_error.
    child(const std::string& program, std::span<const std::string> arguments, int cpu);
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    /// Sends SIGTERM, and SIGKILL if that isn't enough.
    ~child();

    int pid() const noexcept { return pid_; }
    bool running() noexcept;
    /// The exit status once it has ended; -1 if a signal ended it.
    int status() const noexcept;

private:
    int pid_;
    int status_ = 0;
    bool ended_ = false;
};

/// Connects as soon as the child listens; throws std::runtime_error if it ends or 10 s pass.
descriptor connect_when_up(child& server, std::uint16_t port);

} // namespace weir::bench
