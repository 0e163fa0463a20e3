// SPDX-License-Identifier: MIT
#include "integration/mqtt/broker_fixture.hpp"
#include <weir/testing/fault_proxy.hpp>

using namespace weir;
using namespace std::chrono_literals;
using mqtt::qos;
using mqtt_test::in_time;
using mqtt_test::options_for;
using mqtt_test::run_until;
using mqtt_test::witness;

namespace {

// Publishes numbers until all have been acknowledged; each one again after an error.
task<void> publish_all(mqtt::client& by, int from, int to, qos level, int& acknowledged) {
    for (int n = from; n < to; ++n) {
        const std::string payload = std::to_string(n);
        const auto sent = co_await by.publish("work", payload, level);
        CHECK_MESSAGE(sent, payload);
        ++acknowledged;
    }
}

constexpr int messages = 2000;
constexpr int publishers = 20;

// The broker restarts twice while 20 tasks publish.
void restart_in_mid_publish(qos level, witness& seen, mqtt::client_stats& counts) {
    test_support::mosquitto_server broker;
    loop home;
    mqtt::client sender(options_for(broker.url(), "sender"));
    mqtt::client receiver(options_for(broker.url(), "receiver"));
    REQUIRE(in_time(home, sender.connect()));
    REQUIRE(in_time(home, receiver.connect()));
    CHECK(in_time(home, receiver.subscribe("work", {.level = level}, seen.handler())));
    int acknowledged = 0;
    for (int which = 0; which < publishers; ++which) {
        const int share = messages / publishers;
        home.spawn(publish_all(sender, which * share, (which + 1) * share, level, acknowledged));
    }
    for (const int at : {messages / 4, messages / 2}) {
        run_until(home, [&] { return acknowledged >= at; });
        broker.shut_down();
        run_until(home, [&] { return !sender.stats().connected; });
        broker.start();
    }
    run_until(home, [&] { return acknowledged == messages && seen.seen.size() == messages; });
    counts = sender.stats();
    CHECK(in_time(home, sender.close()));
    CHECK(in_time(home, receiver.close()));
}

} // namespace

TEST_CASE("a broker that restarts in mid-publish loses no message of QoS 1") {
    witness seen;
    mqtt::client_stats counts;
    restart_in_mid_publish(qos::at_least_once, seen, counts);
    CHECK(seen.seen.size() == messages);
    CHECK(counts.published == messages);
    CHECK(counts.connects == 3);
    CHECK(counts.disconnects == 2);
    CHECK(seen.all < messages + 500); // duplicates are allowed, but only of what was in flight
}

TEST_CASE("a broker that restarts in mid-publish delivers each message of QoS 2 exactly once") {
    witness seen;
    mqtt::client_stats counts;
    restart_in_mid_publish(qos::exactly_once, seen, counts);
    CHECK(seen.seen.size() == messages);
    CHECK(seen.all == messages);
}

TEST_CASE("connections that are cut again and again lose no message of QoS 1 and 2") {
    test_support::mosquitto_server broker;
    testing::fault_proxy line(broker.port());
    loop home;
    mqtt::client sender(options_for("mqtt://127.0.0.1:" + std::to_string(line.port()), "sender"));
    mqtt::client receiver(options_for(broker.url()));
    REQUIRE(in_time(home, sender.connect()));
    REQUIRE(in_time(home, receiver.connect()));
    for (const qos level : {qos::at_least_once, qos::exactly_once}) {
        witness seen;
        CHECK(in_time(home, receiver.subscribe("work", {.level = level}, seen.handler())));
        int acknowledged = 0;
        for (int which = 0; which < 10; ++which)
            home.spawn(publish_all(sender, which * 40, (which + 1) * 40, level, acknowledged));
        for (int cut = 1; cut <= 8; ++cut) {
            run_until(home, [&] { return acknowledged >= cut * 40; });
            line.reset_all();
        }
        run_until(home, [&] { return acknowledged == 400 && seen.seen.size() == 400; });
        if (level == qos::exactly_once) CHECK(seen.all == 400);
        CHECK(in_time(home, receiver.unsubscribe("work")));
    }
    CHECK(sender.stats().disconnects >= 10);
}

TEST_CASE("the last will is published when the connection is cut, not after a close") {
    test_support::mosquitto_server broker;
    testing::fault_proxy line(broker.port());
    loop home;
    mqtt::client watcher(options_for(broker.url()));
    REQUIRE(in_time(home, watcher.connect()));
    witness seen;
    CHECK(in_time(home, watcher.subscribe("wills/#", seen.handler())));
    const auto with_will = [&](const char* name) {
        auto options = options_for("mqtt://127.0.0.1:" + std::to_string(line.port()));
        options.will = mqtt::last_will{"wills/" + std::string(name), name};
        return options;
    };

    mqtt::client leaves(with_will("leaves"));
    REQUIRE(in_time(home, leaves.connect()));
    CHECK(in_time(home, leaves.close()));
    {
        mqtt::client destroyed(with_will("destroyed"));
        REQUIRE(in_time(home, destroyed.connect()));
    }
    run_until(home, [&] { return seen.seen["destroyed"] == 1; });
    mqtt::client dies(with_will("dies"));
    REQUIRE(in_time(home, dies.connect()));
    line.reset_all();
    run_until(home, [&] { return seen.seen["dies"] == 1; });
    CHECK(seen.seen["leaves"] == 0);
}

TEST_CASE("a frozen broker delays callers no longer than their deadlines, and its connection is replaced") {
    test_support::mosquitto_server broker;
    loop home;
    auto options = options_for(broker.url(), "client");
    options.keep_alive = 200ms;
    options.connect_timeout = 100ms;
    mqtt::client sender(options);
    REQUIRE(in_time(home, sender.connect()));
    broker.freeze();
    const auto late = in_time(home, sender.publish("a", "1"), 50ms);
    CHECK(late.error() == errc::deadline_exceeded);
    run_until(home, [&] { return sender.stats().disconnects == 1; });
    run_until(home, [&] { return sender.stats().connect_failures > 0; });
    CHECK(in_time(home, sender.publish("a", "2"), 50ms).error() == errc::deadline_exceeded);
    broker.thaw();
    CHECK(in_time(home, sender.publish("a", "3")));
    CHECK(in_time(home, sender.close()));
}

TEST_CASE("connect reports its failure, and succeeds on the next server") {
    loop home;
    test_support::mosquitto_server broker;
    auto options = options_for("mqtt://127.0.0.1:1");
    {
        mqtt::client alone(options);
        const auto connected = in_time(home, alone.connect(), 100ms);
        CHECK(connected.error() == errc::deadline_exceeded);
        CHECK(alone.stats().last_failure.message().find("can't connect to 127.0.0.1:1") != std::string::npos);
        CHECK(alone.stats().connect_failures > 0);
    }
    options.servers.push_back(broker.url());
    mqtt::client second(options);
    CHECK(in_time(home, second.connect()));
}

TEST_CASE("messages wait for the connection, within bounds, or are refused") {
    loop home;
    auto options = options_for("mqtt://127.0.0.1:1");
    options.queue = 2;
    mqtt::client waits(options);
    CHECK(in_time(home, waits.connect(), 1ms).error() == errc::deadline_exceeded);
    for (int n = 0; n < 2; ++n)
        home.spawn([](mqtt::client& by) -> task<void> {
            const auto sent = co_await by.publish("a", "");
            CHECK(sent.error().code() == "closed");
        }(waits));
    home.poll();
    CHECK(in_time(home, waits.publish("a", "")).error() == errc::unavailable);
    CHECK(waits.stats().refused == 1);
    CHECK(in_time(home, waits.close()).error() == errc::unavailable);
    CHECK(waits.stats().waiting == 0);

    options.refuse_while_disconnected = true;
    mqtt::client refuses(options);
    CHECK(in_time(home, refuses.publish("a", "")).error() == errc::unavailable);
}

TEST_CASE("a message whose caller has left before the connection isn't sent") {
    test_support::mosquitto_server broker;
    loop home;
    mqtt::client sender(options_for(broker.url()));
    CHECK(in_time(home, sender.publish("a", "early"), 1ms).error() == errc::deadline_exceeded);
    CHECK(sender.stats().waiting == 0);
    mqtt::client receiver(options_for(broker.url()));
    REQUIRE(in_time(home, receiver.connect()));
    witness seen;
    CHECK(in_time(home, receiver.subscribe("a", seen.handler())));
    REQUIRE(in_time(home, sender.connect()));
    CHECK(in_time(home, sender.publish("a", "late")));
    run_until(home, [&] { return seen.all > 0; });
    CHECK(seen.seen == std::map<std::string, int>{{"late", 1}});
}

TEST_CASE("a persistent session keeps messages for a client that is away, until a handler has succeeded") {
    test_support::mosquitto_server broker;
    loop home;
    mqtt::client sender(options_for(broker.url()));
    REQUIRE(in_time(home, sender.connect()));
    witness seen;
    {
        mqtt::client receiver(options_for(broker.url(), "receiver"));
        REQUIRE(in_time(home, receiver.connect()));
        auto never = [](mqtt::message&) -> task<result<void>> {
            auto slept = co_await sleep_for(1h);
            co_return slept;
        };
        CHECK(in_time(home, receiver.subscribe("a", never)));
        CHECK(in_time(home, sender.publish("a", "1")));
        run_until(home, [&] { return receiver.stats().received == 1; });
        CHECK(in_time(home, receiver.close(), 20ms).error() == errc::deadline_exceeded);
        run_until(home, [&] { return !receiver.stats().connected; });
    }
    CHECK(in_time(home, sender.publish("a", "2")));
    mqtt::client receiver(options_for(broker.url(), "receiver"));
    CHECK(in_time(home, receiver.subscribe("b", seen.handler()), 1ms).error() == errc::deadline_exceeded);
    home.spawn([](mqtt::client& by, witness& into) -> task<void> {
        const auto subscribed = co_await by.subscribe("a", into.handler());
        CHECK(subscribed);
    }(receiver, seen));
    home.poll();
    REQUIRE(in_time(home, receiver.connect()));
    run_until(home, [&] { return seen.all == 2; });
    CHECK(seen.seen == std::map<std::string, int>{{"1", 1}, {"2", 1}});
}

TEST_CASE("a peer that does not speak MQTT ends the connection") {
    loop home;
    test_support::mosquitto_server broker;
    testing::fault_proxy line(broker.port());
    line.set(testing::direction::to_client, testing::fault::corrupt(0));
    mqtt::client sender(options_for("mqtt://127.0.0.1:" + std::to_string(line.port())));
    const auto connected = in_time(home, sender.connect());
    CHECK(connected.error() == errc::invalid_argument);
}
