// SPDX-License-Identifier: MIT
#pragma once

#include "resilience/outcome_window.hpp"
#include <weir/resilience/circuit_breaker.hpp>

#include <cstdint>

namespace weir::resilience::detail {

/// Rates are compared as integers, so that 1 of 10 is exactly a tenth.
inline constexpr std::uint64_t rate_unit = 1'000'000;

/// Returns at least 1.
std::uint64_t in_millionths(double rate) noexcept;

/// Throws std::invalid_argument naming an option out of range.
circuit_breaker_options checked_circuit(circuit_breaker_options given);

outcome_window window_of(const circuit_breaker_options& options);

/// The number of calls needed for a rate: no more than a window of calls holds.
std::uint64_t minimum_of(const circuit_breaker_options& options) noexcept;

} // namespace weir::resilience::detail
