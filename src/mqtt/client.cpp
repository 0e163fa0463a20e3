// SPDX-License-Identifier: MIT
#include "mqtt/client_core.hpp"

#include <fmt/format.h>

#include <utility>

namespace weir::mqtt {

using detail::client_core;

namespace {

task<result<void>> failed(error why) { co_return why; }

} // namespace

client::client(client_options options) : core_(std::make_shared<client_core>(std::move(options))) {}

client::~client() { core_->abandon(); }

task<result<void>> client::connect() { return client_core::connect(core_); }

task<result<void>> client::publish(std::string_view topic, std::string_view payload, qos level, bool retain) {
    constexpr std::size_t head = 9; // a PUBLISH packet's, without the topic
    if (auto fits = check_topic(topic); !fits) return failed(fits.error());
    const std::size_t size = topic.size() + payload.size() + head;
    if (size > core_->options().max_packet)
        return failed(
            {errc::too_large, fmt::format("an MQTT message of {} bytes exceeds client_options.max_packet of {}", size,
                                          core_->options().max_packet)});
    auto one = std::make_shared<detail::pending_publish>();
    one->message = {std::string(topic), std::string(payload), static_cast<std::uint8_t>(level), retain, {}};
    one->size = size;
    return client_core::publish(core_, std::move(one));
}

task<result<void>> client::subscribe_owned(std::string filter, subscription_options options, handler f) {
    if (auto fits = check_filter(filter); !fits) return failed(fits.error());
    if (auto fits = detail::check_subscription(options); !fits) return failed(fits.error());
    return client_core::subscribe(
        core_, std::make_shared<detail::subscription>(std::move(filter), options, std::move(f)));
}

task<result<void>> client::unsubscribe(std::string_view filter) {
    return client_core::unsubscribe(core_, std::string(filter));
}

task<result<void>> client::close() { return client_core::close(core_); }

client_stats client::stats() const { return core_->stats(); }

const std::string& client::name() const noexcept { return core_->options().name; }

} // namespace weir::mqtt
