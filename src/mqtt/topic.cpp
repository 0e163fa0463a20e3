// SPDX-License-Identifier: MIT
#include <weir/core/utf8.hpp>
#include <weir/mqtt/topic.hpp>

#include <fmt/format.h>

#include <string>

namespace weir::mqtt {

namespace {

constexpr std::size_t longest = 65535;

error refused(std::string_view what, std::string_view name, std::string_view why) {
    constexpr std::size_t shown = 80;
    return {errc::invalid_argument, fmt::format("MQTT {} \"{}\" {}", what, name.substr(0, shown), why)};
}

result<void> check_text(std::string_view what, std::string_view name) {
    if (name.empty()) return refused(what, name, "is empty");
    if (name.size() > longest)
        return refused(what, name, fmt::format("has {} bytes: at most {} are allowed", name.size(), longest));
    if (const auto at = name.find('\0'); at != std::string_view::npos)
        return error(errc::invalid_argument, fmt::format("MQTT {} has a NUL at byte {}", what, at));
    if (!is_utf8(name)) return error(errc::invalid_argument, fmt::format("MQTT {} isn't UTF-8", what));
    return ok();
}

// Takes the first level off and returns it; `rest` is null after the last one.
std::string_view take_level(std::string_view& rest) noexcept {
    const std::size_t end = rest.find('/');
    const std::string_view level = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return level;
}

bool is_last(std::string_view whole, std::string_view level) noexcept {
    return level.data() + level.size() == whole.data() + whole.size();
}

} // namespace

result<void> check_topic(std::string_view topic) {
    if (auto fits = check_text("topic", topic); !fits) return fits;
    const std::size_t wildcard = topic.find_first_of("+#");
    if (wildcard == std::string_view::npos) return ok();
    return refused("topic", topic, fmt::format("has the wildcard '{}' at byte {}", topic[wildcard], wildcard));
}

result<void> check_filter(std::string_view filter) {
    if (auto fits = check_text("filter", filter); !fits) return fits;
    std::string_view rest = filter;
    while (true) {
        const std::string_view level = take_level(rest);
        const bool last = is_last(filter, level);
        const bool wildcard = level.find_first_of("+#") != std::string_view::npos;
        if (wildcard && level.size() > 1) return refused("filter", filter, "has a wildcard beside other characters");
        if (level == "#" && !last) return refused("filter", filter, "has '#' before the last level");
        if (last) return ok();
    }
}

bool matches(std::string_view filter, std::string_view topic) noexcept {
    if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
    std::string_view filters = filter;
    std::string_view topics = topic;
    while (true) {
        const std::string_view wanted = take_level(filters);
        if (wanted == "#") return true;
        const std::string_view level = take_level(topics);
        if (wanted != "+" && wanted != level) return false;
        const bool filter_ends = is_last(filter, wanted);
        const bool topic_ends = is_last(topic, level);
        if (topic_ends) return filter_ends || filters == "#"; // `room/#` selects `room` too
        if (filter_ends) return false;
    }
}

} // namespace weir::mqtt
