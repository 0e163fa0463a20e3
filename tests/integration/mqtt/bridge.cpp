// SPDX-License-Identifier: MIT
#include "integration/mqtt/broker_fixture.hpp"
#include <weir/mq/memory_queue.hpp>
#include <weir/mqtt/bridge.hpp>

#include <algorithm>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using mqtt_test::in_time;
using mqtt_test::options_for;
using mqtt_test::run_until;

namespace {

mqtt::bridge_options readings() {
    mqtt::bridge_options options;
    options.filter = "rooms/#";
    options.topic = "readings";
    options.retry_base = 1ms;
    options.retry_max = 20ms;
    return options;
}

struct bridge_fixture {
    test_support::mosquitto_server broker{};
    loop home{};
    memory_queue work{};
    mqtt::client sender{options_for(broker.url())};
    std::vector<std::string> seen{};

    bridge_fixture() { REQUIRE(in_time(home, sender.connect())); }

    subscription consume() {
        return work.consume(home, {.topic = "readings", .group = "store"}, [this](delivery& one) -> task<result<void>> {
            seen.push_back(std::string(one->header("mqtt-topic")) + " " + one->body);
            co_return ok();
        });
    }
};

} // namespace

TEST_CASE_FIXTURE(bridge_fixture, "bridged messages reach the queue in the order of their topic") {
    mqtt::client receiver(options_for(broker.url(), "receiver"));
    mqtt::bridge forward(receiver, work, readings());
    REQUIRE(in_time(home, receiver.connect()));
    const auto handling = consume();
    CHECK(in_time(home, forward.start()));
    for (int n = 0; n < 200; ++n)
        CHECK(in_time(home, sender.publish("rooms/" + std::to_string(n % 2), std::to_string(n))));
    run_until(home, [&] { return seen.size() == 200 && forward.stats().forwarded == 200; });
    for (const std::string room : {"rooms/0 ", "rooms/1 "}) {
        std::vector<int> numbers;
        for (const std::string& one : seen)
            if (one.starts_with(room)) numbers.push_back(std::stoi(one.substr(room.size())));
        CHECK(numbers.size() == 100);
        CHECK(std::ranges::is_sorted(numbers));
    }
    CHECK(forward.stats().forwarded == 200);
    CHECK(in_time(home, forward.stop()));
    CHECK(in_time(home, receiver.close()));
}

TEST_CASE_FIXTURE(bridge_fixture,
                  "a message that the queue hasn't taken is kept by the broker over a stop of the client") {
    {
        mqtt::client receiver(options_for(broker.url(), "receiver"));
        mqtt::bridge forward(receiver, work, readings()); // no group takes the topic yet
        REQUIRE(in_time(home, receiver.connect()));
        CHECK(in_time(home, forward.start()));
        CHECK(in_time(home, sender.publish("rooms/1", "kept", mqtt::qos::exactly_once)));
        run_until(home, [&] { return forward.stats().failures >= 3; });
        CHECK(in_time(home, receiver.close(), 20ms).error() == errc::deadline_exceeded);
        run_until(home, [&] { return !receiver.stats().connected; });
        CHECK(forward.stats().forwarded == 0);
    }
    const auto handling = consume();
    mqtt::client receiver(options_for(broker.url(), "receiver"));
    mqtt::bridge forward(receiver, work, readings());
    home.spawn([](mqtt::bridge& one) -> task<void> { static_cast<void>(co_await one.start()); }(forward));
    home.poll();
    REQUIRE(in_time(home, receiver.connect()));
    run_until(home, [&] { return seen.size() == 1; });
    CHECK(seen[0] == "rooms/1 kept");
}

TEST_CASE_FIXTURE(bridge_fixture, "a message that the queue never takes is discarded and counted") {
    memory_queue small({.max_message_bytes = 1000});
    const auto handling =
        small.consume(home, {.topic = "readings", .group = "store"}, [this](delivery& one) -> task<result<void>> {
            seen.push_back(one->body);
            co_return ok();
        });
    mqtt::client receiver(options_for(broker.url(), "receiver"));
    mqtt::bridge forward(receiver, small, readings());
    REQUIRE(in_time(home, receiver.connect()));
    CHECK(in_time(home, forward.start()));
    CHECK(in_time(home, sender.publish("rooms/1", std::string(2000, 'x'))));
    CHECK(in_time(home, sender.publish("rooms/1", "fits")));
    run_until(home, [&] { return seen.size() == 1; });
    CHECK(seen[0] == "fits");
    CHECK(forward.stats().discarded == 1);
}

TEST_CASE_FIXTURE(bridge_fixture, "a bridge's options are checked") {
    auto wrong = readings();
    wrong.filter = "rooms#";
    CHECK_THROWS_WITH_AS(
        mqtt::bridge(sender, work, wrong), doctest::Contains("bridge_options.filter"), std::invalid_argument);
    wrong = readings();
    wrong.retry_base = 0ns;
    CHECK_THROWS_WITH_AS(mqtt::bridge(sender, work, wrong), doctest::Contains("retry_base"), std::invalid_argument);
}
