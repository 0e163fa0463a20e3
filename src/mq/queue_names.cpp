// SPDX-License-Identifier: MIT
#include "mq/queue_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <random>

namespace weir::mq::detail {

namespace {

constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_key = 200;
constexpr std::size_t most_headers = 64;
constexpr duration longest_delay = std::chrono::hours(14 * 24);

bool is_name_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

error invalid(std::string message) { return error(errc::invalid_argument, std::move(message)); }

result<void> check_headers(const message& one) {
    if (one.headers.size() > most_headers)
        return invalid(fmt::format("a message has {} headers: accepted up to {}", one.headers.size(), most_headers));
    for (const auto& header : one.headers) {
        if (const auto checked = check_name("header name", header.name); !checked) return checked;
        if (header.name.starts_with(own_header_prefix))
            return invalid(
                fmt::format("header name \"{}\": the prefix {} is reserved", header.name, own_header_prefix));
    }
    return ok();
}

result<void> check_length(std::string_view what, std::string_view value) {
    if (value.size() <= longest_key) return ok();
    return invalid(fmt::format("a message's {} has {} bytes: accepted up to {}", what, value.size(), longest_key));
}

} // namespace

result<void> check_name(std::string_view what, std::string_view name) {
    if (!name.empty() && name.size() <= longest_name && std::ranges::all_of(name, is_name_char)) return ok();
    return invalid(fmt::format("{} \"{}\": accepted are 1 to {} letters, digits, '-', '_' and '.'", what,
                               name.substr(0, longest_name), longest_name));
}

result<void> check_names(std::string_view topic, std::string_view group) {
    const auto checked = check_name("topic", topic);
    return checked ? check_name("group", group) : checked;
}

result<void> check_message(const message& one, std::size_t max_bytes) {
    if (auto checked = check_name("topic", one.topic); !checked) return checked;
    if (auto checked = check_length("key", one.key); !checked) return checked;
    if (auto checked = check_length("id", one.id); !checked) return checked;
    if (auto checked = check_length("content type", one.content_type); !checked) return checked;
    if (auto checked = check_headers(one); !checked) return checked;
    if (one.delay < duration::zero() || one.delay > longest_delay)
        return invalid("a message's delay: accepted 0 to 14 days");
    if (one.size() > max_bytes)
        return error(errc::too_large, fmt::format("a message has {} bytes: accepted up to {}", one.size(), max_bytes));
    return ok();
}

error closed_queue() { return error(errc::unavailable, "the queue is closed").with_code("closed"); }

error unroutable(std::string_view topic) {
    return error(errc::not_found, fmt::format("no group takes topic {}: declare one before publishing", topic))
        .with_code("unroutable");
}

std::string unique_id() {
    struct generator {
        std::uint64_t prefix = std::uint64_t{std::random_device{}()} << 32U | std::random_device{}();
        std::uint64_t last = 0;
    };
    static thread_local generator ids;
    return fmt::format("{:016x}-{:x}", ids.prefix, ++ids.last);
}

} // namespace weir::mq::detail
