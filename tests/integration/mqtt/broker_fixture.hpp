// SPDX-License-Identifier: MIT
#pragma once

#include "support/mosquitto_server.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>
#include <weir/mqtt/client.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace mqtt_test {

using namespace std::chrono_literals;

inline weir::mqtt::client_options options_for(const std::string& url, std::string id = {}) {
    weir::mqtt::client_options options;
    options.servers = {url};
    options.clean_session = id.empty();
    options.client_id = std::move(id);
    options.retry_base = 20ms;
    options.retry_max = 200ms;
    return options;
}

/// Counts payloads; usable as a handler.
struct witness {
    std::map<std::string, int> seen{};
    std::size_t all = 0;

    auto handler() {
        return [this](weir::mqtt::message& one) -> weir::task<weir::result<void>> {
            ++seen[one.payload];
            ++all;
            co_return weir::ok();
        };
    }
};

/// Runs the loop until the condition holds; fails the test after half a minute.
template<class F>
void run_until(weir::loop& home, F holds) {
    const auto give_up_at = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
        REQUIRE(std::chrono::steady_clock::now() < give_up_at);
        static_cast<void>(home.block_on(weir::sleep_for(1ms)));
    }
}

template<class T>
weir::result<T> in_time(weir::loop& home, weir::task<weir::result<T>> work, weir::duration limit = 30s) {
    return home.block_on(weir::with_timeout(limit, std::move(work)));
}

} // namespace mqtt_test
