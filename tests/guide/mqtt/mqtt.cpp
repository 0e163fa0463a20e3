// SPDX-License-Identifier: MIT
#include "support/mosquitto_server.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>
#include <weir/mqtt/client.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;

weir::mqtt::client_options device_options(std::string server) {
    return {.servers = {std::move(server)},
            .client_id = "shop-1",
            .clean_session = false,
            .will = weir::mqtt::last_will{.topic = "shops/1/state", .payload = "lost", .retain = true},
            .keep_alive = 20s};
}

class thermostat {
    weir::mqtt::client& devices_;
    std::string last_;

public:
    explicit thermostat(weir::mqtt::client& devices) : devices_(devices) {}

    weir::task<weir::result<void>> listen() {
        return devices_.subscribe("rooms/+/temperature", [this](weir::mqtt::message& one) { return note(one); });
    }

    weir::task<weir::result<void>> heat(std::string room) {
        const std::string topic = "rooms/" + room + "/heater";
        co_return co_await devices_.publish(topic, "on", weir::mqtt::qos::exactly_once);
    }

    const std::string& last() const { return last_; }

private:
    weir::task<weir::result<void>> note(weir::mqtt::message& one) {
        last_ = one.topic + " " + one.payload; // acknowledged when this task has ended
        co_return weir::ok();
    }
};

TEST_CASE("the guide's thermostat talks to a broker") {
    const test_support::mosquitto_server broker;
    weir::loop home;
    weir::mqtt::client devices(device_options(broker.url()));
    thermostat heating(devices);
    REQUIRE(home.block_on(weir::with_timeout(10s, devices.connect())));
    CHECK(home.block_on(weir::with_timeout(10s, heating.listen())));
    CHECK(home.block_on(weir::with_timeout(10s, heating.heat("307"))));
    CHECK(home.block_on(weir::with_timeout(10s, devices.publish("rooms/307/temperature", "21"))));
    while (heating.last().empty()) home.run_one();
    CHECK(heating.last() == "rooms/307/temperature 21");
    CHECK(home.block_on(weir::with_timeout(10s, devices.close())));
}
