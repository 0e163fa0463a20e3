// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/redis/fixture.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace redis_test;

namespace {

std::uint16_t closed_port() {
    boost::asio::io_context io;
    using tcp = boost::asio::ip::tcp;
    return tcp::acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)).local_endpoint().port();
}

} // namespace

TEST_CASE_FIXTURE(redis_fixture, "after a kill and a restart the client connects again by itself") {
    CHECK(run(db.set("k", 1)));
    server.kill();
    auto options = options_for(server.url());
    redis_fixture::run_until([&] { return db.stats().dropped == 1; });
    server.start();
    CHECK(run(db.get<int>("k")).value() == std::nullopt);
    CHECK(db.stats().reconnects == 1);
    CHECK(db.stats().open == 1);
}

TEST_CASE_FIXTURE(redis_fixture, "calls on their way when the server is killed have an unknown outcome") {
    CHECK(run(db.ping()));
    server.freeze();
    pending_call<std::int64_t> sent(home, db.incr("n"));
    run_until([&] { return db.stats().in_flight == 1; });
    server.kill();
    run_until([&] { return sent.over(); });
    CHECK(sent.outcome().error() == errc::unavailable);
    CHECK(sent.outcome().error().code() == "outcome_unknown");
}

TEST_CASE_FIXTURE(redis_fixture, "a frozen server costs its callers their timeout, and the loop nothing") {
    auto options = options_for(server.url());
    options.timeout = 200ms;
    options.stall_timeout = 500ms;
    options.connect_timeout = 300ms;
    options.connect_wait = 100ms;
    redis::client hurried(options);
    CHECK(run(hurried.ping()));
    server.freeze();
    int turns = 0;
    duration longest{};
    const auto tick = [&]() -> task<void> {
        for (; turns < 150; ++turns) {
            const auto before = home.clock().now();
            CHECK(co_await sleep_for(10ms));
            longest = std::max(longest, home.clock().now() - before);
        }
    };
    home.spawn(tick());
    int late = 0;
    int lost = 0;
    while (turns < 150) {
        const auto begun = home.clock().now();
        const auto outcome = run(hurried.ping());
        CHECK_FALSE(outcome);
        (outcome.error() == errc::deadline_exceeded ? late : lost) += 1;
        CHECK(home.clock().now() - begun < 1s);
    }
    CHECK(late >= 1);
    CHECK(lost >= 1);
    CHECK(longest < 500ms);
    server.thaw();
    const auto recovered = [&] { return run(hurried.ping()).has_value(); };
    int attempts = 0;
    while (!recovered()) REQUIRE(++attempts < 100);
}

TEST_CASE_FIXTURE(redis_fixture, "a connection that the server kills is replaced") {
    for (int i = 0; i < 3; ++i) {
        CHECK(run(db.set("k", i)));
        const auto killed = run(db.command<int>("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"));
        if (!killed) CHECK(killed.error().code() == "outcome_unknown");
        run_until([&] { return db.stats().dropped == static_cast<std::uint64_t>(i + 1); });
    }
    CHECK(run(db.get<int>("k")).value() == 2);
    CHECK(db.stats().reconnects == 3);
}

TEST_CASE("without a server calls fail after connect_wait with the reason, and the attempts back off") {
    loop home;
    auto options = options_for("redis://127.0.0.1:" + std::to_string(closed_port()));
    options.connect_wait = 100ms;
    options.reconnect_base = 20ms;
    std::vector<redis::client_event> events;
    options.on_event = [&](const redis::client_event& one) { events.push_back(one); };
    redis::client db(options);
    const auto refused = home.block_on(db.ping()).error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.code() == "unavailable");
    CHECK(refused.message() == "there is no connection to redis");
    CHECK(refused.cause().message().find("Connection refused") != std::string_view::npos);
    CHECK(events.size() >= 1);
    CHECK(events.size() <= 8);
    for (const auto& one : events) CHECK(one.what == redis::client_event::kind::lost);

    options.connect_wait = 0s;
    redis::client impatient(options);
    CHECK(home.block_on(impatient.ping()).error() == errc::unavailable);
}

TEST_CASE("a host without an address is an error like any other") {
    loop home;
    auto options = options_for("redis://no-such-host.invalid");
    options.connect_wait = 200ms;
    redis::client db(options);
    CHECK(home.block_on(db.ping()).error() == errc::unavailable);
}

TEST_CASE_FIXTURE(redis_fixture, "events tell of connections and their loss") {
    std::vector<redis::client_event> events;
    auto options = options_for(server.url());
    options.on_event = [&](const redis::client_event& one) { events.push_back(one); };
    redis::client told(options);
    CHECK(run(told.ping()));
    CHECK(run(told.command<void>("CLIENT", "KILL", "TYPE", "normal")));
    server.kill();
    run_until([&] { return events.size() >= 2; });
    CHECK(events[0].what == redis::client_event::kind::connected);
    CHECK(events[0].address == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(events[1].what == redis::client_event::kind::lost);
    CHECK(events[1].reason.message().find("was lost") != std::string_view::npos);
}

TEST_CASE_FIXTURE(redis_fixture, "closing or destroying the client fails pending calls") {
    CHECK(run(db.ping()));
    server.freeze();
    auto other = std::make_unique<redis::client>(options_for(server.url()));
    pending_call<void> first(home, db.ping());
    pending_call<void> second(home, other->ping());
    run_until([&] { return db.stats().in_flight == 1; });
    db.close();
    other.reset();
    run_until([&] { return first.over() && second.over(); });
    CHECK(first.outcome().error() == errc::unavailable);
    CHECK(second.outcome().error() == errc::unavailable);
    CHECK(run(db.ping()).error().code() == "closed");
    db.close();
    server.thaw();
}

TEST_CASE_FIXTURE(redis_fixture, "a loop may end with calls pending, before or after the client") {
    for (const bool client_first : {false, true}) {
        auto own = std::make_unique<loop>();
        auto client = std::make_unique<redis::client>(options_for(server.url()));
        CHECK(own->block_on(client->ping()));
        server.freeze();
        const auto wait = [&]() -> task<void> {
            co_await client->incr("n");
            CHECK_MESSAGE(false, "the call ended");
        };
        own->spawn(wait());
        while (client->stats().in_flight == 0) own->io().run_one_for(10ms);
        auto never_sent = client->incr("n");
        if (client_first) client.reset();
        own.reset();
        if (client) {
            CHECK(client->stats().in_flight == 0);
            CHECK(client->stats().open == 0);
        }
        server.thaw();
    }
}

TEST_CASE_FIXTURE(redis_fixture, "an exception after a call leaves the connection to others") {
    const auto throwing = [&](bool memory) -> task<void> {
        CHECK(co_await db.ping());
        if (memory) throw std::bad_alloc();
        throw std::runtime_error("thrown by the user");
    };
    for (const bool memory : {false, true}) {
        CHECK_THROWS(home.block_on(throwing(memory)));
        CHECK(run(db.ping()));
    }
    CHECK(db.stats().connected == 1);
}

TEST_CASE_FIXTURE(redis_fixture, "many callers that leave at random keep the replies in order") {
    std::vector<std::unique_ptr<pending_call<std::string>>> calls;
    for (int i = 0; i < 500; ++i) {
        calls.push_back(
            std::make_unique<pending_call<std::string>>(home, db.command<std::string>("ECHO", std::to_string(i))));
        if (i % 7 == 0) home.io().poll_one();
        if (i % 3 == 0) calls[static_cast<std::size_t>(i) / 2]->cancel();
    }
    run_until([&] { return std::ranges::all_of(calls, [](const auto& one) { return one->over(); }); });
    std::size_t answered = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (calls[i]->outcome()) {
            CHECK(calls[i]->outcome().value() == std::to_string(i));
            ++answered;
        } else {
            CHECK(calls[i]->outcome().error() == errc::cancelled);
        }
    }
    CHECK(answered > 200);
    CHECK(db.stats().connected == 1);
    CHECK(run(db.command<std::string>("ECHO", "last")).value() == "last");
}

TEST_CASE_FIXTURE(redis_fixture, "two loops in two threads survive a restart of the server") {
    std::atomic<bool> stop = false;
    std::atomic<int> done = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
            loop mine;
            while (!stop) done += mine.block_on(db.incr("n")).has_value();
        });
    const auto wait_for_more = [&](int more) {
        const int until = done + more;
        while (done < until) std::this_thread::yield();
    };
    wait_for_more(200);
    server.kill();
    server.start();
    wait_for_more(200);
    stop = true;
    for (auto& one : threads) one.join();
    CHECK(db.stats().reconnects >= 2);
    CHECK(db.stats().open == 0);
}
