// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>
#include <weir/resilience/closed_loop.hpp>

namespace weir {

/// closed_loop_signal, _signal_usual, _signal_score and _anomalous by signal, closed_loop_knob and _knob_home by knob,
/// and closed_loop_mode: 0 off, 1 propose, 2 apply. The loop outlives the metrics' scrapes; one for each `metrics`.
void measure(metrics& to, const closed_loop& of);

} // namespace weir
