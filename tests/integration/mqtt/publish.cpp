// SPDX-License-Identifier: MIT
#include "integration/mqtt/broker_fixture.hpp"
#include "support/allocations.hpp"
#include <weir/mqtt/client_metrics.hpp>

#include <stdexcept>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using mqtt::qos;
using mqtt_test::in_time;
using mqtt_test::options_for;
using mqtt_test::run_until;
using mqtt_test::witness;

namespace {

struct publish_fixture {
    test_support::mosquitto_server broker{};
    loop home{};
    mqtt::client sender{options_for(broker.url())};
    mqtt::client receiver{options_for(broker.url())};

    publish_fixture() {
        REQUIRE(in_time(home, sender.connect()));
        REQUIRE(in_time(home, receiver.connect()));
    }
};

} // namespace

TEST_CASE_FIXTURE(publish_fixture, "messages of each QoS arrive once, with their bytes") {
    witness seen;
    CHECK(in_time(home, receiver.subscribe("room/+/light", {.level = qos::exactly_once}, seen.handler())));
    const std::string bytes("\0\xff\r\n", 4);
    for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once})
        for (int n = 0; n < 200; ++n)
            CHECK(in_time(home, sender.publish("room/307/light", bytes + std::to_string(n), level)));
    CHECK(in_time(home, sender.publish("room/307/door", "elsewhere")));
    run_until(home, [&] { return seen.all == 600; });
    CHECK(seen.seen.size() == 200);
    for (const auto& [payload, times] : seen.seen) CHECK(times == 3);
    CHECK(sender.stats().published == 601);
    CHECK(sender.stats().waiting == 0);
    CHECK(sender.stats().waiting_bytes == 0);
    CHECK(receiver.stats().handled == 600);
    CHECK(in_time(home, receiver.close()));
    CHECK(in_time(home, sender.close()));
}

TEST_CASE_FIXTURE(publish_fixture, "a retained message reaches a later subscription") {
    CHECK(in_time(home, sender.publish("state", "on", qos::at_least_once, true)));
    mqtt::message got;
    auto keep = [&](mqtt::message& one) -> task<result<void>> {
        got = one;
        co_return ok();
    };
    CHECK(in_time(home, receiver.subscribe("state", keep)));
    run_until(home, [&] { return got.payload == "on"; });
    CHECK(got.retained);
}

TEST_CASE_FIXTURE(publish_fixture, "topics, filters, sizes and options that don't fit are refused") {
    witness seen;
    CHECK(in_time(home, sender.publish("a/#", "")).error() == errc::invalid_argument);
    CHECK(in_time(home, sender.subscribe("a#", seen.handler())).error() == errc::invalid_argument);
    CHECK(in_time(home, sender.subscribe("a", {.buffer = 0}, seen.handler())).error() == errc::invalid_argument);
    CHECK(in_time(home, sender.publish("a", std::string(1 << 20, 'x'))).error() == errc::too_large);
    CHECK(in_time(home, sender.unsubscribe("a")).error() == errc::not_found);
    CHECK(in_time(home, sender.subscribe("a", seen.handler())));
    CHECK(in_time(home, sender.subscribe("a", seen.handler())).error() == errc::already_exists);
    CHECK(in_time(home, sender.unsubscribe("a")));
    CHECK(in_time(home, sender.subscribe("a", seen.handler())));
}

TEST_CASE_FIXTURE(publish_fixture, "an unsubscribed filter receives nothing more") {
    witness seen;
    CHECK(in_time(home, receiver.subscribe("a", seen.handler())));
    CHECK(in_time(home, sender.publish("a", "1")));
    run_until(home, [&] { return seen.all == 1; });
    CHECK(in_time(home, receiver.unsubscribe("a")));
    CHECK(in_time(home, sender.publish("a", "2")));
    witness other;
    CHECK(in_time(home, receiver.subscribe("b", other.handler())));
    CHECK(in_time(home, sender.publish("b", "3")));
    run_until(home, [&] { return other.all == 1; });
    CHECK(seen.all == 1);
}

TEST_CASE_FIXTURE(publish_fixture, "a failing handler is counted, and the next message is handled") {
    int calls = 0;
    auto failing = [&](mqtt::message&) -> task<result<void>> {
        ++calls;
        if (calls == 1) throw std::runtime_error("broken");
        if (calls == 2) co_return errc::internal;
        if (calls == 3) throw std::bad_alloc();
        co_return ok();
    };
    CHECK(in_time(home, receiver.subscribe("a", failing)));
    for (int n = 0; n < 4; ++n) CHECK(in_time(home, sender.publish("a", "x")));
    run_until(home, [&] { return receiver.stats().handled == 1; });
    CHECK(receiver.stats().handler_errors == 3);
    CHECK(calls == 4);
}

TEST_CASE_FIXTURE(publish_fixture, "retry calls the handler again with the same message, until it succeeds") {
    std::vector<std::string> seen;
    auto failing = [&](mqtt::message& one) -> task<result<void>> {
        seen.push_back(std::move(one.payload));
        if (seen.size() < 3) co_return errc::unavailable;
        co_return ok();
    };
    CHECK(in_time(home, receiver.subscribe("a", {.retry = true, .retry_base = 1ms}, failing)));
    CHECK(in_time(home, sender.publish("a", "1")));
    CHECK(in_time(home, sender.publish("a", "2")));
    run_until(home, [&] { return seen.size() == 4; });
    CHECK(seen == std::vector<std::string>{"1", "1", "1", "2"});
}

TEST_CASE_FIXTURE(publish_fixture, "a handler may publish on its own client and wait for the broker") {
    auto answer = [&](mqtt::message& one) -> task<result<void>> {
        co_return co_await receiver.publish("answers", one.payload, qos::exactly_once);
    };
    witness seen;
    CHECK(in_time(home, receiver.subscribe("questions", {.buffer = 1}, answer)));
    CHECK(in_time(home, sender.subscribe("answers", seen.handler())));
    for (int n = 0; n < 50; ++n) CHECK(in_time(home, sender.publish("questions", std::to_string(n))));
    run_until(home, [&] { return seen.all == 50; });
}

TEST_CASE_FIXTURE(publish_fixture, "a full buffer drops messages of QoS 0 and delays the others") {
    bool open = false;
    std::size_t begun = 0;
    std::size_t handled = 0;
    auto slow = [&](mqtt::message&) -> task<result<void>> {
        ++begun;
        while (!open) {
            const auto slept = co_await sleep_for(1ms);
            if (!slept) co_return slept.error();
        }
        ++handled;
        co_return ok();
    };
    CHECK(in_time(home, receiver.subscribe("a", {.buffer = 2}, slow)));
    CHECK(in_time(home, sender.publish("a", "0", qos::at_most_once)));
    run_until(home, [&] { return begun == 1; });
    for (int n = 0; n < 9; ++n) CHECK(in_time(home, sender.publish("a", "0", qos::at_most_once)));
    run_until(home, [&] { return receiver.stats().dropped == 7; });
    for (int n = 0; n < 30; ++n) CHECK(in_time(home, sender.publish("a", "1")));
    open = true;
    run_until(home, [&] { return handled == 33; });
    CHECK(receiver.stats().dropped == 7);
}

TEST_CASE_FIXTURE(publish_fixture, "several loops publish through one client") {
    witness seen;
    CHECK(in_time(home, receiver.subscribe("a", seen.handler())));
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int which = 0; which < 3; ++which)
        threads.emplace_back([&, which] {
            loop own;
            for (int n = 0; n < 100; ++n) {
                const auto sent = in_time(own, sender.publish("a", std::to_string(which * 100 + n)));
                failures += !sent;
            }
        });
    run_until(home, [&] { return seen.all == 300 && sender.stats().published == 300; });
    for (auto& one : threads) one.join();
    CHECK(failures == 0);
    CHECK(seen.seen.size() == 300);
}

TEST_CASE_FIXTURE(publish_fixture, "a closed client refuses messages; a second close changes nothing") {
    CHECK(in_time(home, sender.close()));
    CHECK(in_time(home, sender.close()));
    CHECK(in_time(home, sender.publish("a", "")).error().code() == "closed");
    CHECK(in_time(home, sender.connect()).error().code() == "closed");
    witness seen;
    CHECK(in_time(home, sender.subscribe("a", seen.handler())).error().code() == "closed");
    mqtt::client never(options_for(broker.url()));
    CHECK(in_time(home, never.close()));
}

TEST_CASE_FIXTURE(publish_fixture, "metrics show the counts under the client's name") {
    metrics shown;
    mqtt::measure(shown, sender);
    CHECK(in_time(home, sender.publish("a", "")));
    CHECK(shown.text().find("mqtt_published_total{name=\"mqtt\"} 1\n") != std::string::npos);
    CHECK(shown.text().find("mqtt_connected{name=\"mqtt\"} 1\n") != std::string::npos);
}

TEST_CASE_FIXTURE(publish_fixture, "an allocation that fails in a call ends that call, and the client goes on") {
    witness seen;
    CHECK(in_time(home, receiver.subscribe("a", seen.handler())));
    for (std::size_t many = 0; many < 15; ++many) {
        test_support::with_allocations(many, [&] { static_cast<void>(in_time(home, sender.publish("a", "x"), 5s)); });
        run_until(home, [&] { return sender.stats().connected; });
    }
    CHECK(in_time(home, sender.publish("a", "last")));
    run_until(home, [&] { return seen.seen["last"] == 1; });
}

TEST_CASE("a loop may end while its client is connected and calls of other loops wait") {
    test_support::mosquitto_server broker;
    auto sender = std::make_unique<mqtt::client>(options_for(broker.url()));
    witness seen;
    auto home = std::make_unique<loop>();
    REQUIRE(in_time(*home, sender->connect()));
    CHECK(in_time(*home, sender->subscribe("a", seen.handler())));
    broker.freeze();
    home->spawn([](mqtt::client& to) -> task<void> { static_cast<void>(co_await to.publish("a", "own")); }(*sender));
    home->poll();
    std::thread other([&] {
        loop own;
        const auto sent = in_time(own, sender->publish("a", "other"));
        CHECK(sent.error() == errc::unavailable);
    });
    run_until(*home, [&] { return sender->stats().waiting == 2; });
    home.reset();
    other.join();
    CHECK(sender->stats().waiting == 0);
    loop next;
    CHECK(in_time(next, sender->publish("a", "late")).error().code() == "closed");
    SUBCASE("the client may be closed after that") { CHECK(in_time(next, sender->close())); }
    SUBCASE("or destroyed") { sender.reset(); }
    broker.thaw();
}

TEST_CASE("options out of range are refused by name") {
    const auto refuses = [&](auto change, const char* option) {
        mqtt::client_options wrong;
        change(wrong);
        CHECK_THROWS_WITH_AS(mqtt::client{wrong}, doctest::Contains(option), std::invalid_argument);
    };
    refuses([](auto& o) { o.servers = {}; }, "servers");
    for (const char* url : {"127.0.0.1", "http://a", "mqtt://", "mqtt://a:", "mqtt://a:0", "mqtt://a:70000",
                            "mqtt://a/b", "mqtt://[::1", "mqtt://u@a"})
        refuses([&](auto& o) { o.servers = {url}; }, "servers");
    refuses([](auto& o) { o.clean_session = false; }, "client_id");
    refuses([](auto& o) { o.client_id = "\xff"; }, "client_id");
    refuses([](auto& o) { o.password = "p"; }, "user");
    refuses([](auto& o) { o.will = mqtt::last_will{"a/#", ""}; }, "will.topic");
    refuses([](auto& o) { o.keep_alive = -1ns; }, "keep_alive");
    refuses([](auto& o) { o.keep_alive = duration::max(); }, "keep_alive");
    refuses([](auto& o) { o.connect_timeout = 0ns; }, "connect_timeout");
    refuses([](auto& o) { o.max_in_flight = 0; }, "max_in_flight");
    refuses([](auto& o) { o.queue = 0; }, "queue");
    refuses([](auto& o) { o.max_packet = 0; }, "max_packet");
    refuses(
        [](auto& o) {
            o.servers = {"mqtts://a"};
            o.tls.authorities = "/nonexistent";
        },
        "tls_options");
}
