// SPDX-License-Identifier: MIT
#include <weir/security/session_metrics.hpp>

#include <string>
#include <vector>

namespace weir {

void measure(metrics& to, const session_store& of, std::string_view name) {
    using labels = std::vector<metric_label>;
    const std::string measured(name);
    const auto read = [&of](auto session_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count = [&](const char* event, std::uint64_t session_stats::*value) {
        to.counter_from("sessions_total", "What happened to sessions, by event",
                        labels{{"name", measured}, {"event", event}}, read(value));
    };
    const labels named{{"name", measured}};
    to.gauge_from("sessions_active", "Sessions in memory", named, read(&session_stats::active));
    to.gauge_from("sessions_bytes", "Memory used by sessions", named, read(&session_stats::bytes));
    count("created", &session_stats::created);
    count("loaded", &session_stats::loaded);
    count("missing", &session_stats::missing);
    count("saved", &session_stats::saved);
    count("touched", &session_stats::touched);
    count("rotated", &session_stats::rotated);
    count("erased", &session_stats::erased);
    count("expired", &session_stats::expired);
    count("evicted", &session_stats::evicted);
    count("refused", &session_stats::refused);
    count("lost", &session_stats::lost);
    count("failed", &session_stats::failed);
}

} // namespace weir
