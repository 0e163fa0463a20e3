// SPDX-License-Identifier: MIT
#include "mqtt/client_core.hpp"
#include "resilience/option_check.hpp"
#include <weir/core/utf8.hpp>

#include <array>
#include <random>

namespace weir::mqtt::detail {

namespace {

using resilience::detail::check_option;
using resilience::detail::check_range;

constexpr std::size_t longest_text = 65535;

void check_text(std::string_view option, const std::string& text) {
    const bool fits = text.size() <= longest_text && text.find('\0') == std::string::npos && is_utf8(text);
    check_option(fits, option, text.substr(0, 80), "up to 65,535 bytes of UTF-8 without NUL");
}

std::string random_id() {
    static constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::random_device source;
    std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
    std::string id = "weir-";
    while (id.size() < 21) id += letters[any(source)]; // brokers must accept 23 bytes
    return id;
}

void check_will(const last_will& will) {
    if (auto fits = check_topic(will.topic); !fits)
        resilience::detail::refuse_option("client_options.will.topic", will.topic, "a topic");
    check_option(will.payload.size() <= longest_text, "client_options.will.payload", will.payload.size(),
                 "up to 65,535 bytes");
}

void check_sizes(const client_options& given) {
    check_option(given.max_in_flight >= 1 && given.max_in_flight <= 10000, "client_options.max_in_flight",
                 given.max_in_flight, "1 to 10,000");
    check_option(given.queue >= 1, "client_options.queue", given.queue, "1 or more");
    check_option(given.queue_bytes >= 1, "client_options.queue_bytes", given.queue_bytes, "1 or more");
    check_option(given.receive_bytes >= 1, "client_options.receive_bytes", given.receive_bytes, "1 or more");
    const bool packet_fits = given.max_packet >= 16 && given.max_packet <= 268435455;
    check_option(packet_fits, "client_options.max_packet", given.max_packet, "16 to 268,435,455");
}

} // namespace

client_options checked(client_options given) {
    using namespace std::chrono_literals;
    check_option(!given.servers.empty(), "client_options.servers", 0, "1 or more");
    for (const std::string& one : given.servers)
        check_option(parse_server(one).has_value(), "client_options.servers", one,
                     "mqtt://host[:port] or mqtts://host[:port]");
    check_option(!given.client_id.empty() || given.clean_session, "client_options.client_id", "",
                 "1 or more bytes, because clean_session is false");
    if (given.client_id.empty()) given.client_id = random_id();
    check_text("client_options.client_id", given.client_id);
    check_text("client_options.user", given.user);
    check_option(given.password.size() <= longest_text, "client_options.password", "***", "up to 65,535 bytes");
    check_option(given.password.empty() || !given.user.empty(), "client_options.user", "",
                 "a name, because there is a password");
    if (given.will) check_will(*given.will);
    check_range("client_options.keep_alive", given.keep_alive, duration::zero(), 18h);
    check_range("client_options.connect_timeout", given.connect_timeout, 1ns);
    check_range("client_options.retry_base", given.retry_base, 1ns);
    check_range("client_options.retry_max", given.retry_max, 1ns);
    check_sizes(given);
    return given;
}

result<void> check_subscription(const subscription_options& options) {
    if (options.buffer < 1) return error(errc::invalid_argument, "subscription_options.buffer = 0: accepted 1 or more");
    if (options.retry_base <= duration::zero() || options.retry_max <= duration::zero())
        return error(errc::invalid_argument, "subscription_options.retry_base and retry_max: accepted more than 0");
    if (static_cast<unsigned>(options.level) > 2)
        return error(errc::invalid_argument, "subscription_options.level: accepted QoS 0, 1 and 2");
    return ok();
}

} // namespace weir::mqtt::detail
