// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/resilience/rate_decision.hpp>

#include <cstddef>
#include <string_view>

namespace weir {

/// A port for rate limiters with keys whose decision may need a round trip, such as redis::rate_limiter. An
/// implementation is process-wide and thread-safe, and copies the key before it returns the task.
class keyed_rate_limiter {
public:
    virtual ~keyed_rate_limiter() = default;

    /// Takes `n` permits of the key if available; `n` = 0 only checks. Fails only if the caller is cancelled, at the
    /// context's deadline, or without memory.
    virtual task<result<rate_decision>> acquire(std::string_view key, std::size_t n = 1) = 0;
};

} // namespace weir
