// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/rate_decision.hpp>

#include <cstdint>

namespace weir::resilience::detail {

// Counts permits in windows; a window begins with the first permit after the last one ended. Pure computation, no I/O.
struct fixed_window_rule {
    struct state {
        std::int64_t start = 0; // of the window, if `used` isn't 0
        std::uint64_t used = 0;

        bool operator==(const state&) const = default;
    };

    std::uint64_t limit = 0;
    std::int64_t window = 1; // nanoseconds

    // Takes `n` permits, or none.
    bool take(state& at, std::int64_t now, std::uint64_t n) const noexcept;
    // The decision to report after `take`.
    rate_decision describe(const state& at, bool allowed, std::int64_t now, std::uint64_t n) const noexcept;
    // The time from which the entry can be dropped without loss.
    std::int64_t fresh_at(const state& at) const noexcept;
    // How much is lost by dropping the entry before that time; more is worse.
    std::int64_t weight(const state& at) const noexcept;
};

// A sliding window of two counters: the permits of this window, plus those of the previous one weighted by the part of
// it that the last `window` nanoseconds still cover. Windows are contiguous from the first permit on.
struct sliding_window_rule {
    struct state {
        std::int64_t start = 0; // of the current window
        std::uint64_t previous = 0;
        std::uint64_t current = 0;

        bool operator==(const state&) const = default;
    };

    std::uint64_t limit = 0;
    std::int64_t window = 1;

    bool take(state& at, std::int64_t now, std::uint64_t n) const noexcept;
    rate_decision describe(const state& at, bool allowed, std::int64_t now, std::uint64_t n) const noexcept;
    std::int64_t fresh_at(const state& at) const noexcept;
    std::int64_t weight(const state& at) const noexcept;

private:
    state rolled(state at, std::int64_t now) const noexcept;
    std::uint64_t used(const state& at, std::int64_t now) const noexcept;
    std::int64_t elapsed(const state& at, std::int64_t now) const noexcept;
    duration wait_for(const state& at, std::int64_t now, std::uint64_t n) const noexcept;
};

} // namespace weir::resilience::detail
