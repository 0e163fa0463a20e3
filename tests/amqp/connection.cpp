// SPDX-License-Identifier: MIT
// labels: concurrency
#include "amqp/topology.hpp"
#include "support/tcp_peer.hpp"
#include <weir/amqp/queue_metrics.hpp>
#include <weir/core/deadline.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

amqp::queue_options options_for(std::string host) {
    amqp::queue_options made;
    made.hosts = {std::move(host)};
    made.publish_wait = 200ms;
    made.connect_timeout = 100ms;
    made.min_reconnect = 5ms;
    made.max_reconnect = 10ms;
    return made;
}

const std::string no_broker = "127.0.0.1:1";

result<void> succeed() { return ok(); }

} // namespace

TEST_CASE("without a broker a publication fails at its limit, and nothing blocks") {
    loop home;
    amqp::queue queue(options_for(no_broker));
    const auto failed = home.block_on(queue.publish(message("topic", "x")));
    REQUIRE(!failed);
    CHECK(failed.error() == errc::deadline_exceeded);
    CHECK(failed.error().code() == "not_connected");
    auto soon = with_timeout(20ms, queue.publish(message("topic", "x")));
    CHECK(home.block_on(std::move(soon)).error() == errc::deadline_exceeded);
    const auto sub = queue.consume(home, {.topic = "topic", .group = "g"}, [](delivery&) -> task<result<void>> {
        co_return succeed();
    });
    auto waits = with_timeout(20ms, sub.established());
    CHECK(home.block_on(std::move(waits)).error() == errc::deadline_exceeded);
    CHECK(home.block_on(sub.stop()));
    const auto shown = queue.broker_stats();
    CHECK(!shown.publishing);
    CHECK(!shown.consuming);
    CHECK(shown.failed_connections > 1);
    CHECK(shown.unconfirmed == 0);
    CHECK(!shown.last_error.empty());
    CHECK(home.block_on(queue.dead_letters("topic", "g", 1)).error() == errc::unavailable);
    CHECK(home.block_on(queue.close()));
    CHECK(home.block_on(queue.publish(message("topic", "x"))).error().code() == "closed");
}

TEST_CASE("publications in progress are bounded") {
    loop home;
    auto options = options_for(no_broker);
    options.max_pending = 2;
    options.publish_wait = 10s;
    amqp::queue queue(options);
    int ended = 0;
    const auto publish = [&]() -> task<void> {
        const auto sent = co_await queue.publish(message("topic", "x"));
        CHECK(sent.error() == errc::unavailable);
        CHECK(sent.error().code() == "closed");
        ++ended;
    };
    for (int i = 0; i < 2; ++i) home.spawn(publish());
    home.poll();
    auto third = with_timeout(30ms, queue.publish(message("topic", "x")));
    const auto refused = home.block_on(std::move(third));
    CHECK(refused.error() == errc::deadline_exceeded);
    CHECK(queue.broker_stats().unconfirmed == 2);
    auto closing = with_timeout(10ms, queue.close());
    CHECK(!home.block_on(std::move(closing)));
    while (ended < 2) home.run_one();
}

TEST_CASE("a loop may end while its publications wait") {
    amqp::queue queue(options_for(no_broker));
    {
        loop home;
        home.spawn([](amqp::queue& of) -> task<void> { (void)co_await of.publish(message("t", "x")); }(queue));
        home.poll();
        CHECK(queue.broker_stats().unconfirmed == 1);
    }
    CHECK(queue.broker_stats().unconfirmed == 0);
}

TEST_CASE("a peer that is no broker is given up, whatever it sends") {
    const std::vector<std::string> speeches{
        "", "HTTP/1.1 400 Bad Request\r\n\r\n", std::string("AMQP\0\0\x09\x01", 8), std::string(4096, '\xff'),
        // a method frame that announces 4 GiB
        std::string("\x01\0\0\xff\xff\xff\xff\0\x0a\0\x0a", 11),
        // connection.start with a table longer than the frame
        std::string("\x01\0\0\0\0\0\x10\0\x0a\0\x0a\0\x09\x7f\xff\xff\xff\0\0\0\0\0\0\xce", 24)};
    for (const std::string& speech : speeches) {
        CAPTURE(speech.size());
        const test_support::tcp_peer peer(speech);
        loop home;
        amqp::queue queue(options_for("127.0.0.1:" + std::to_string(peer.port())));
        CHECK(home.block_on(queue.publish(message("topic", "x"))).error().code() == "not_connected");
        CHECK(queue.broker_stats().failed_connections > 0);
    }
}

TEST_CASE("options of RabbitMQ out of range are refused by name") {
    const auto refuses = [](auto change) {
        auto options = options_for(no_broker);
        change(options);
        CHECK_THROWS_AS(amqp::queue{options}, std::invalid_argument);
    };
    refuses([](auto& of) { of.hosts.clear(); });
    refuses([](auto& of) { of.partitions = 0; });
    refuses([](auto& of) { of.partitions = 65; });
    refuses([](auto& of) { of.heartbeat = 0s; });
    refuses([](auto& of) { of.connect_timeout = 0s; });
    refuses([](auto& of) { of.max_reconnect = 1ms; });
    refuses([](auto& of) { of.prefix = "a b"; });
    refuses([](auto& of) { of.max_pending = 0; });
    refuses([](auto& of) { of.max_message_bytes = std::size_t{1} << 40U; });
}

TEST_CASE("delays are rounded up to two digits, and keys have fixed partitions") {
    CHECK(amqp::rounded_delay(0ns) == 1);
    CHECK(amqp::rounded_delay(1ns) == 1);
    CHECK(amqp::rounded_delay(99ms) == 99);
    CHECK(amqp::rounded_delay(101ms) == 110);
    CHECK(amqp::rounded_delay(1001ms) == 1100);
    CHECK(amqp::rounded_delay(14 * 24h) == 1'300'000'000);
    CHECK(amqp::partition_of("", 4) == amqp::partition_of("", 4));
    CHECK(amqp::partition_of("a", 64) == 0);
}

TEST_CASE("RabbitMQ's metrics show its connections") {
    metrics all;
    amqp::queue queue(options_for(no_broker));
    amqp::measure(all, queue, "main");
    const std::string text = all.text();
    CHECK(text.find("amqp_connected{name=\"main\",use=\"publish\"} 0\n") != std::string::npos);
    CHECK(text.find("amqp_blocked{name=\"main\"} 0\n") != std::string::npos);
    CHECK(text.find("queue_published_total{name=\"main\"} 0\n") != std::string::npos);
}
