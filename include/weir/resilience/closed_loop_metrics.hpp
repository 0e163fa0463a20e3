// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/closed_loop.hpp>

namespace weir {

/// Exports closed_loop_signal, _signal_usual, _signal_score and _anomalous by signal, closed_loop_knob and _knob_home
/// by knob, and closed_loop_mode (0 off, 1 propose, 2 apply). The loop must outlive the metrics' scrapes; at most one
/// loop per `metrics`.
void measure(metrics& to, const closed_loop& of);

} // namespace weir
