// SPDX-License-Identifier: MIT
#include <weir/resilience/adaptive_limit_metrics.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace weir {

namespace {

struct limit_metric {
    const char* name;
    const char* help;
    double (*read)(const adaptive_limit_stats& now);
};

struct class_metric {
    const char* name;
    const char* help;
    double (*read)(const traffic_stats& now);
};

double in_seconds(duration time) { return std::chrono::duration<double>(time).count(); }

constexpr limit_metric gauges[] = {
    {"adaptive_limit", "Calls that may run at a time", [](const adaptive_limit_stats& now) { return now.limit; }},
    {"adaptive_limit_in_flight", "Calls that run",
     [](const adaptive_limit_stats& now) { return static_cast<double>(now.in_flight); }},
    {"adaptive_limit_latency_seconds", "Mean latency in the last window, waits included",
     [](const adaptive_limit_stats& now) { return in_seconds(now.latency); }},
    {"adaptive_limit_min_latency_seconds", "Latency without queueing",
     [](const adaptive_limit_stats& now) { return in_seconds(now.min_latency); }},
};

constexpr class_metric class_counters[] = {
    {"adaptive_limit_admitted_total", "Calls admitted",
     [](const traffic_stats& now) { return static_cast<double>(now.admitted); }},
    {"adaptive_limit_refused_total", "Calls refused",
     [](const traffic_stats& now) { return static_cast<double>(now.refused); }},
};

} // namespace

void measure(metrics& to, const adaptive_limit& of, std::string_view name) {
    const std::string owner(name);
    for (const limit_metric& one : gauges)
        to.gauge_from(one.name, one.help, {{"name", owner}}, [&of, read = one.read] { return read(of.stats()); });
    to.counter_from("adaptive_limit_probes_total", "Measurements of the minimum latency", {{"name", owner}}, [&of] {
        return static_cast<double>(of.stats().probes);
    });
    for (const traffic kind : {traffic::critical, traffic::normal, traffic::batch}) {
        const std::vector<metric_label> labels{{"name", owner}, {"class", std::string(weir::name(kind))}};
        to.gauge_from("adaptive_limit_share", "Part of the limit that a class may use", labels, [&of, kind] {
            return of.stats().of(kind).share;
        });
        for (const class_metric& one : class_counters)
            to.counter_from(one.name, one.help, labels, [&of, kind, read = one.read] {
                return read(of.stats().of(kind));
            });
    }
}

} // namespace weir
