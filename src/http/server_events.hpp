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

/// What a server turns away, or can't do, before a request is read.
enum class server_event : std::uint8_t { full, crowded, accept_failed, handshake_failed, malformed };

/// Counts a server's events over all its loops, and logs each kind at most once a second, with how many there were
/// since its last line. Thread-safe.
class server_events {
public:
    static constexpr std::size_t kinds = 5;

    server_events() = default;
    /// Lines go to that log from now on; before any thread counts.
    void log_to(const logger& log) { log_ = log; }

    /// `why` is what a line says of it.
    void note(server_event what, std::string_view why, time_point now) noexcept;
    std::uint64_t count(server_event what) const noexcept {
        return kinds_[static_cast<std::size_t>(what)].count.load(std::memory_order_relaxed);
    }

private:
    struct kind {
        std::atomic<std::uint64_t> count{0};
        std::atomic<std::uint64_t> logged{0};    // of them
        std::atomic<duration::rep> next_line{0}; // not before
    };

    void write(server_event what, std::string_view why, std::uint64_t times) noexcept;

    logger log_;
    std::array<kind, kinds> kinds_{};
};

} // namespace weir::http::detail
