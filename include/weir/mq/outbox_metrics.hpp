// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/outbox_relay.hpp>
#include <weir/observe/metrics.hpp>

#include <string_view>

namespace weir {

/// Exports a relay's outbox_relayed_total, _failed_total, _lost_total, _store_errors_total, _pending,
/// _unhandled and _oldest_seconds with the label `name`. The relay must outlive the metrics. Throws
/// std::invalid_argument for a duplicate name.
void measure(metrics& to, const outbox_relay& of, std::string_view name);

} // namespace weir
