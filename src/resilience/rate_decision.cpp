// SPDX-License-Identifier: MIT
#include <weir/resilience/rate_decision.hpp>

#include <array>
#include <chrono>
#include <limits>

namespace weir {

namespace {

constexpr std::size_t kept_waits = 61;

// Returns 0 for `never`.
std::uint32_t whole_seconds(duration wait) noexcept {
    if (wait == rate_decision::never) return 0;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    return seconds < most ? static_cast<std::uint32_t>(seconds) : most;
}

error refusal_with(std::uint32_t seconds) { return error(errc::resource_exhausted).with_retry_after(seconds); }

} // namespace

error rate_decision::refusal() const {
    const std::uint32_t seconds = whole_seconds(retry_after);
    if (seconds == 0) return errc::resource_exhausted;
    if (seconds >= kept_waits) return refusal_with(seconds);
    // Per thread, because errors are reference-counted and sharing them would contend for one counter.
    static thread_local std::array<error, kept_waits> kept;
    if (!kept[seconds]) kept[seconds] = refusal_with(seconds);
    return kept[seconds];
}

} // namespace weir
