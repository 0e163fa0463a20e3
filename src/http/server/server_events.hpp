// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/observe/log.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// Events that a server refuses, or fails at, before a request is read.
enum class server_event : std::uint8_t { full, refused_by_address, accept_failed, handshake_failed, malformed };

/// Counts a server's events over all its loops, and logs each kind at most once per second, with the number since its
/// last line. Thread-safe.
class server_events {
public:
    static constexpr std::size_t kinds = 5;

    server_events() = default;
    /// Sets the log; call it before any thread counts.
    void log_to(const logger& log) { log_ = log; }

    /// `why` is the reason for the log line.
    void note(server_event what, std::string_view why, time_point now) noexcept;
    std::uint64_t count(server_event what) const noexcept {
        return kinds_[static_cast<std::size_t>(what)].count.load(std::memory_order_relaxed);
    }

private:
    struct kind {
        std::atomic<std::uint64_t> count{0};
        std::atomic<std::uint64_t> logged{0};    // how many of them are logged
        std::atomic<duration::rep> next_line{0}; // the earliest time of the next line
    };

    void write(server_event what, std::string_view why, std::uint64_t times) noexcept;

    logger log_;
    std::array<kind, kinds> kinds_{};
};

} // namespace weir::http::detail
