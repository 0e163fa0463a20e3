// SPDX-License-Identifier: MIT
#include "redis/wire/checked_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weir::redis::detail {

namespace {

[[noreturn]] void refuse(std::string_view option, const std::string& value, std::string_view accepted) {
    throw error_exception(
        error(errc::invalid_argument, fmt::format("client_options::{} = {}: accepted {}", option, value, accepted)));
}

void check_count(std::string_view option, std::size_t value, std::size_t least, std::size_t most) {
    if (value < least || value > most) refuse(option, std::to_string(value), fmt::format("{} to {}", least, most));
}

void check_time(std::string_view option, duration value, bool zero_is_valid) {
    if (value > duration::zero() || (zero_is_valid && value == duration::zero())) return;
    refuse(option, fmt::format("{} ns", value.count()), zero_is_valid ? "0 or more" : "more than 0");
}

bool valid_in_a_name(char c) noexcept { return c > ' ' && c <= '~'; }

constexpr std::size_t any = ~std::size_t{};

} // namespace

redis_url checked(const client_options& options) {
    auto url = parse_url(options.url);
    if (!url) throw error_exception(url.error());
    if (url->tls)
        throw error_exception(error(
            errc::invalid_argument, "client_options::url: rediss:// needs TLS, which this build of weir::redis lacks: "
                                    "accepted redis://"));
    if (!std::ranges::all_of(options.name, valid_in_a_name))
        refuse("name", '"' + options.name + '"', "printable ASCII without spaces");
    check_count("connections", options.connections, 1, 64);
    check_count("max_dedicated", options.max_dedicated, 1, 100'000);
    check_time("timeout", options.timeout, false);
    check_time("connect_timeout", options.connect_timeout, false);
    check_time("connect_wait", options.connect_wait, true);
    check_time("stall_timeout", options.stall_timeout, false);
    check_time("reconnect_base", options.reconnect_base, false);
    if (options.reconnect_max < options.reconnect_base)
        refuse("reconnect_max", fmt::format("{} ns", options.reconnect_max.count()), "reconnect_base or more");
    check_count("max_reply", options.max_reply, 64, any / 4);
    check_count("max_pending_bytes", options.max_pending_bytes, 1, any / 4);
    return std::move(*url);
}

} // namespace weir::redis::detail
