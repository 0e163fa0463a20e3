// SPDX-License-Identifier: MIT
#pragma once

#include "support/socket.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace weir::bench {

/// Keeps this process on one processor; a refusal only makes the figures noisier.
void pin_to(int cpu) noexcept;

/// A running program, whose output is dropped; ended and reaped when it goes.
class child {
public:
    /// Throws std::runtime_error.
    child(const std::string& program, std::span<const std::string> arguments, int cpu);
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    /// SIGTERM, and SIGKILL when that isn't enough.
    ~child();

    int pid() const noexcept { return pid_; }
    bool running() noexcept;
    /// The exit status, once it has ended; -1 when a signal ended it.
    int status() const noexcept;

private:
    int pid_;
    int status_ = 0;
    bool ended_ = false;
};

/// Asks until the child listens; throws std::runtime_error when it ends or 10 s pass.
descriptor connect_when_up(child& server, std::uint16_t port);

} // namespace weir::bench
