// SPDX-License-Identifier: MIT
// labels: long
#include "integration/amqp/broker_storm.hpp"

using test_support::broker_storm;
using test_support::shared_rabbitmq;
using namespace std::chrono_literals;

TEST_CASE("100,000 messages survive a broker that is killed, frozen and closes connections") {
    broker_storm storm("long", 100'000);
    storm.run(
        [] {
            shared_rabbitmq().control({"close_all_connections", "test"});
            shared_rabbitmq().kill();
            shared_rabbitmq().start();
            shared_rabbitmq().freeze();
            std::this_thread::sleep_for(10s);
            shared_rabbitmq().thaw();
        },
        560s);
    storm.check();
}
