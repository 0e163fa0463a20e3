// SPDX-License-Identifier: MIT
#include "http/server/server_events.hpp"

#include <chrono>

namespace weir::http::detail {

namespace {

constexpr duration between_lines = std::chrono::seconds(1);

constexpr std::array<std::string_view, server_events::kinds> lines{
    "connections refused: too many are open", "connections refused: too many from one address",
    "accepting connections failed",           "TLS handshakes failed",
    "requests refused: malformed heads",
};

} // namespace

void server_events::note(server_event what, std::string_view why, time_point now) noexcept {
    kind& of = kinds_[static_cast<std::size_t>(what)];
    const std::uint64_t count = of.count.fetch_add(1, std::memory_order_relaxed) + 1;
    const duration::rep at = now.time_since_epoch().count();
    duration::rep next = of.next_line.load(std::memory_order_relaxed);
    const bool mine = at >= next && of.next_line.compare_exchange_strong(next, at + between_lines.count());
    if (mine) write(what, why, count - of.logged.exchange(count, std::memory_order_relaxed));
}

// A line that can't be written is dropped; the count remains correct.
void server_events::write(server_event what, std::string_view why, std::uint64_t times) noexcept {
    try {
        log_.warn(lines[static_cast<std::size_t>(what)], field("why", why), field("times", times));
    } catch (...) {
    }
}

} // namespace weir::http::detail
