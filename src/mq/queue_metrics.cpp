// SPDX-License-Identifier: MIT
#include <weir/mq/queue_metrics.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace weir {

namespace {

using labels = std::vector<metric_label>;

// The group's part of the statistics, or zeros.
queue_group_stats group_of(const queue& of, std::string_view topic, std::string_view group) {
    auto all = of.stats().groups;
    const auto found =
        std::ranges::find_if(all, [&](const auto& one) { return one.topic == topic && one.group == group; });
    return found == all.end() ? queue_group_stats{} : std::move(*found);
}

} // namespace

void measure(metrics& to, queue& of, std::string_view name) {
    const labels named{{"name", std::string(name)}};
    const auto read = [&of](auto queue_stats::*value) {
        return [&of, value] { return static_cast<double>(of.stats().*value); };
    };
    const auto count = [&](const char* metric, const char* help, std::uint64_t queue_stats::*value) {
        to.counter_from(metric, help, named, read(value));
    };
    count("queue_published_total", "Messages that the engine has taken", &queue_stats::published);
    count("queue_publish_failed_total", "Messages that couldn't be published", &queue_stats::publish_failed);
    count("queue_delivered_total", "Handlers begun", &queue_stats::delivered);
    count("queue_done_total", "Messages handled", &queue_stats::done);
    count("queue_retried_total", "Failed attempts that are repeated", &queue_stats::retried);
    count("queue_dead_total", "Messages moved to the dead letters", &queue_stats::dead);
    count("queue_returned_total", "Attempts cut off by a stop", &queue_stats::returned);
    to.gauge_from("queue_publish_waiting", "Publications that wait for room or for a confirmation", named,
                  read(&queue_stats::waiting));
    to.gauge_from("queue_handlers_running", "Handlers in progress", named, read(&queue_stats::running));
    of.measure_handlers(to.histograms("queue_handler_seconds", "Duration of handlers", {"topic", "group"}));
}

void measure_group(metrics& to, const queue& of, std::string_view name, std::string_view topic,
                   std::string_view group) {
    const labels named{{"name", std::string(name)}, {"topic", std::string(topic)}, {"group", std::string(group)}};
    const auto gauge = [&](const char* metric, const char* help, auto read) {
        to.gauge_from(metric, help, named, [&of, topic = std::string(topic), group = std::string(group), read] {
            return read(group_of(of, topic, group));
        });
    };
    const auto size = [](auto queue_group_stats::*value) {
        return [value](const queue_group_stats& of_group) { return static_cast<double>(of_group.*value); };
    };
    gauge("queue_depth", "Messages not yet handled", size(&queue_group_stats::depth));
    gauge("queue_delayed", "Messages that wait for their time", size(&queue_group_stats::delayed));
    gauge("queue_in_flight", "Messages delivered and not yet settled", size(&queue_group_stats::in_flight));
    gauge("queue_dead_letters", "Messages that no handler could handle", size(&queue_group_stats::dead_letters));
    gauge("queue_oldest_seconds", "Age of the oldest message not yet handled",
          [](const queue_group_stats& of_group) { return std::chrono::duration<double>(of_group.oldest).count(); });
}

} // namespace weir
