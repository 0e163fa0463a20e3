// SPDX-License-Identifier: MIT
#include "support/mosquitto_server.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>
#include <weir/mq/memory_queue.hpp>
#include <weir/mqtt/bridge.hpp>
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

class readings_bridge {
    weir::mqtt::bridge bridge_;

public:
    readings_bridge(weir::mqtt::client& devices, weir::queue& work)
        : bridge_(devices, work, {.filter = "rooms/+/temperature", .topic = "readings"}) {}

    weir::task<weir::result<void>> start() { return bridge_.start(); }
};

TEST_CASE("the guide's bridge forwards readings to a queue") {
    const test_support::mosquitto_server broker;
    weir::loop home;
    weir::memory_queue work;
    weir::mqtt::client devices(device_options(broker.url()));
    readings_bridge readings(devices, work);
    std::string seen;
    const auto handling = work.consume(
        home, {.topic = "readings", .group = "store"}, [&](weir::delivery& one) -> weir::task<weir::result<void>> {
            seen = one->body;
            co_return weir::ok();
        });
    REQUIRE(home.block_on(weir::with_timeout(10s, devices.connect())));
    CHECK(home.block_on(weir::with_timeout(10s, readings.start())));
    CHECK(home.block_on(weir::with_timeout(10s, devices.publish("rooms/307/temperature", "21"))));
    while (seen.empty()) home.run_one();
    CHECK(seen == "21");
    CHECK(home.block_on(weir::with_timeout(10s, devices.close())));
}

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
