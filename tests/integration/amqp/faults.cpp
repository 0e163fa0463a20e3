// SPDX-License-Identifier: MIT
#include "integration/amqp/broker_storm.hpp"

using test_support::broker_storm;
using test_support::shared_rabbitmq;
using namespace std::chrono_literals;

TEST_CASE("a broker that is killed and restarted loses no message") {
    broker_storm storm("killed", 2000);
    storm.run(
        [] {
            shared_rabbitmq().kill();
            shared_rabbitmq().start();
        },
        180s);
    storm.check();
}

TEST_CASE("a broker that freezes for ten seconds loses no message") {
    broker_storm storm("frozen", 2000);
    storm.run(
        [] {
            shared_rabbitmq().freeze();
            std::this_thread::sleep_for(10s); // a time of the fault, not a wait for a condition
            shared_rabbitmq().thaw();
        },
        120s);
    storm.check();
}

TEST_CASE("connections closed by the broker lose no message") {
    broker_storm storm("closed", 2000);
    storm.run([] { shared_rabbitmq().control({"close_all_connections", "test"}); }, 120s);
    storm.check();
}
