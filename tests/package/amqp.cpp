// SPDX-License-Identifier: MIT
#include <weir/amqp/queue.hpp>
#include <weir/core/deadline.hpp>

#include <chrono>
#include <stdexcept>

void use_amqp();

// No broker listens there: the message isn't published.
void use_amqp() {
    weir::loop home;
    weir::amqp::queue_options options;
    options.hosts = {"127.0.0.1:1"};
    options.publish_wait = std::chrono::milliseconds(10);
    weir::amqp::queue queue(options);
    const weir::error away = home.block_on(queue.publish(weir::message("topic", "body"))).error();
    if (away.code() != "not_connected") throw std::runtime_error("amqp: " + away.describe());
}
