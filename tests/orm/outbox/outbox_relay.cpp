// SPDX-License-Identifier: MIT
#include "orm/outbox/outbox_fixture.hpp"
#include <weir/core/deadline.hpp>
#include <weir/mq/memory_queue.hpp>
#include <weir/mq/outbox_metrics.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <new>
#include <optional>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

struct relay_fixture : outbox_fixture {
    scripted_queue queue;
    outbox_relay_options options = steady_options();
    std::vector<outbox_event> events; // their views are empty: they are valid during the call only
    std::optional<outbox_relay> relay;

    relay_fixture() {
        options.on_event = [this](outbox_event event) {
            event.topic = {};
            event.id = {};
            events.push_back(event);
        };
    }

    void start() {
        relay.emplace(store, queue, options);
        relay->start(home);
    }
    // Starts it, and returns when it has found nothing to do.
    void start_idle() {
        start();
        until([&] { return store.added().stats().waiting_receivers == 1; });
    }
    void stop() { home.block_on(relay->stop()).value(); }

    std::size_t events_of(outbox_event::what kind) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(events, [&](const auto& one) { return one.kind == kind; }));
    }
};

using strings = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(relay_fixture, "a relay publishes what was added before it started, in order, and deletes it") {
    for (const char* body : {"a", "b", "c"}) add(body, "k");
    start_idle();
    CHECK(queue.bodies() == strings{"a", "b", "c"});
    CHECK(queue.taken[0].key == "k");
    CHECK(rows().empty());
    CHECK(relay->stats().relayed == 3);
    CHECK(events.empty());
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "a commit in this process wakes an idle relay without any time passing") {
    start_idle();
    add("a");
    until([&] { return relay->stats().relayed == 1; });
    until([&] { return store.added().stats().waiting_receivers == 1; });
    add("b");
    until([&] { return relay->stats().relayed == 2; });
    CHECK(queue.bodies() == strings{"a", "b"});
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "messages added by other processes are found by polling, ever more rarely") {
    options.poll = 100ms;
    options.max_poll = 400ms;
    start_idle();
    orm::outbox_store elsewhere(db, {.time = &time});
    const auto add_elsewhere = [&] {
        auto body = [&](transaction& tx) { return elsewhere.add(tx, message("events", "a")); };
        home.block_on(db.transaction(body)).value();
    };
    add_elsewhere();
    time.advance(100ms);
    until([&] { return relay->stats().relayed == 1; });
    for (int i = 0; i < 10; ++i) { // reaches the longest pause
        until([&] { return store.added().stats().waiting_receivers == 1; });
        time.advance(400ms);
        home.poll();
    }
    until([&] { return store.added().stats().waiting_receivers == 1; });
    add_elsewhere();
    time.advance(399ms);
    for (int i = 0; i < 100; ++i) home.poll();
    CHECK(relay->stats().relayed == 1);
    time.advance(1ms);
    until([&] { return relay->stats().relayed == 2; });
    stop();
}

TEST_CASE_FIXTURE(relay_fixture,
                  "while the queue is away nothing is lost, and everything is published when it is back") {
    queue.answer = [](const message&) -> task<result<void>> {
        co_return error(errc::unavailable, "the broker is away");
    };
    for (int i = 0; i < 20; ++i) add(std::to_string(i), "k" + std::to_string(i % 10));
    start();
    until_passing(50ms, [&] { return queue.attempts >= 30; });
    CHECK(rows().size() == 20);
    CHECK(events_of(outbox_event::what::failed) > 0);
    CHECK(events.front().failure == errc::unavailable);
    queue.answer = {};
    until_passing(50ms, [&] { return relay->stats().relayed == 20; });
    std::map<std::string, strings> by_key;
    for (const auto& one : queue.taken) by_key[one.key].push_back(one.body);
    for (const auto& [key, bodies] : by_key) CHECK(bodies == strings{key.substr(1), "1" + key.substr(1)});
    stop();
    CHECK(rows().empty());
}

TEST_CASE_FIXTURE(relay_fixture, "few attempts are made while the queue is away") {
    queue.answer = [](const message&) -> task<result<void>> { co_return errc::unavailable; };
    options.poll = 1s;
    options.concurrency = 1;
    for (int i = 0; i < 50; ++i) add("a");
    start();
    until([&] { return queue.attempts == 3; });
    for (int i = 0; i < 1000; ++i) home.poll();
    CHECK(queue.attempts == 3);
    home.block_on(relay->stop()).value();
    CHECK(rows().size() == 50);
}

TEST_CASE_FIXTURE(relay_fixture,
                  "a refused message stays, holds up its key and nothing else, and is tried ever more rarely") {
    queue.answer = [](const message& one) -> task<result<void>> {
        if (one.body == "bad") co_return error(errc::invalid_argument, "no such routing key");
        co_return ok();
    };
    options.backoff = 1s;
    options.max_backoff = 4s;
    add("bad", "k");
    add("after", "k");
    add("other", "l");
    start_idle();
    CHECK(queue.bodies() == strings{"other"});
    std::vector<weir::duration> delays;
    until_passing(100ms, [&] { return events_of(outbox_event::what::failed) == 4; });
    for (const auto& one : events) delays.push_back(std::chrono::round<std::chrono::milliseconds>(one.delay));
    CHECK(delays == std::vector<weir::duration>{1s, 2s, 4s, 4s});
    CHECK(rows().size() == 2);
    CHECK(rows()[0].last_failure.find("no such routing key") != std::string::npos);
    queue.answer = {};
    until_passing(100ms, [&] { return relay->stats().relayed == 3; });
    CHECK(queue.bodies() == strings{"other", "bad", "after"});
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "messages of one key are published one after the other, others at the same time") {
    std::map<std::string, int> running;
    int most = 0;
    bool overlapped = false;
    queue.answer = [&](const message& one) -> task<result<void>> {
        const std::string key = one.key;
        overlapped = overlapped || ++running[key] > 1;
        int all = 0;
        for (const auto& [name, count] : running) all += count;
        most = std::max(most, all);
        (void)co_await sleep_for(std::chrono::milliseconds(1 + one.body.size() % 3));
        --running[key];
        co_return ok();
    };
    for (int i = 0; i < 60; ++i) add(std::to_string(i), "k" + std::to_string(i % 5));
    start();
    until_passing(1ms, [&] { return relay->stats().relayed == 60; });
    CHECK(!overlapped);
    CHECK(most == 5);
    std::map<std::string, int> last;
    for (const auto& one : queue.taken) {
        const int number = std::stoi(one.body);
        CHECK((last.find(one.key) == last.end() || last[one.key] < number));
        last[one.key] = number;
    }
    stop();
}

TEST_CASE_FIXTURE(relay_fixture,
                  "another relay takes over from one that died, when its lease has ended, with the same ids") {
    std::string id;
    scripted_queue stuck;
    channel<std::monostate> never;
    stuck.answer = [&](const message& one) -> task<result<void>> {
        id = one.id;
        const auto ended = co_await never.receive();
        co_return ended.error();
    };
    add("a1", "a");
    add("a2", "a");
    {
        loop doomed(time);
        outbox_relay dies(store, stuck, options);
        dies.start(doomed);
        const auto late = std::chrono::steady_clock::now() + 1min;
        while (stuck.attempts == 0 && std::chrono::steady_clock::now() < late) doomed.poll();
        REQUIRE(stuck.attempts == 1);
    }
    start_idle();
    CHECK(queue.taken.empty());
    time.advance(options.lease);
    until([&] { return relay->stats().relayed == 2; });
    CHECK(queue.bodies() == strings{"a1", "a2"});
    CHECK(queue.taken[0].id == id);
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "a stop lets the publication in progress end, begins no other and frees the rest") {
    channel<std::monostate> go;
    queue.answer = [&](const message&) -> task<result<void>> {
        (void)co_await go.receive();
        co_return ok();
    };
    options.concurrency = 1;
    for (const char* body : {"a", "b", "c"}) add(body);
    start();
    until([&] { return queue.attempts == 1; });
    pending<void> stopping(home, relay->stop());
    CHECK(!stopping.outcome);
    go.close();
    CHECK(stopping.wait_on(home));
    CHECK(queue.bodies() == strings{"a"});
    CHECK(!relay->stats().running);
    const auto left = home.block_on(store.claim("h", 10, 1000, 1min)).value();
    CHECK(left.size() == 2);
}

TEST_CASE_FIXTURE(relay_fixture, "a stop's deadline cuts off a publication that hangs; it is repeated later") {
    channel<std::monostate> never;
    queue.answer = [&](const message&) -> task<result<void>> {
        const auto ended = co_await never.receive();
        co_return ended.error();
    };
    options.publish_timeout = duration::max();
    add("a");
    start();
    until([&] { return queue.attempts == 1; });
    pending<void> stopping(home, with_timeout(10s, relay->stop()));
    time.advance(9s);
    CHECK(stopping.wait_on(home).error() == errc::deadline_exceeded);
    CHECK(!relay->stats().running);
    CHECK(rows().size() == 1);
    queue.answer = {};
    time.advance(options.lease);
    start_idle();
    CHECK(queue.bodies() == strings{"a"});
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "a relay that isn't running, or was stopped, stops at once") {
    relay.emplace(store, queue, options);
    stop();
    start_idle();
    stop();
    stop();
    relay->start(home); // runs once
    CHECK(!relay->stats().running);
}

TEST_CASE_FIXTURE(relay_fixture, "a destroyed relay leaves its loop and its store in order") {
    start_idle();
    relay.reset();
    until([&] { return store.added().stats().waiting_receivers == 0; });
    add("a");
    start_idle();
    CHECK(queue.bodies() == strings{"a"});
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "a publication that takes too long is cancelled and repeated") {
    channel<std::monostate> never;
    queue.answer = [&](const message&) -> task<result<void>> {
        const auto ended = co_await never.receive();
        co_return ended.error();
    };
    options.publish_timeout = 2s;
    add("a");
    start();
    until([&] { return queue.attempts == 1; });
    time.advance(2s);
    until([&] { return events_of(outbox_event::what::failed) == 1; });
    CHECK(events.front().failure == errc::deadline_exceeded);
    queue.answer = {};
    until_passing(100ms, [&] { return relay->stats().relayed == 1; });
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "exceptions of the queue are failures like any other") {
    queue.answer = [&](const message&) -> task<result<void>> {
        if (queue.attempts == 1) throw std::bad_alloc();
        if (queue.attempts == 2) throw std::runtime_error("bug");
        co_return ok();
    };
    add("a");
    start();
    until_passing(100ms, [&] { return relay->stats().relayed == 1; });
    CHECK(relay->stats().failed == 2);
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "a closed database is reported, and doesn't keep a relay from stopping") {
    start_idle();
    home.block_on(db.close()).value();
    until_passing(100ms, [&] { return events_of(outbox_event::what::store_failed) >= 3; });
    CHECK(relay->stats().store_errors >= 3);
    CHECK(relay->stats().running);
    stop();
}

namespace {

// Fails the first calls of a real store.
class failing_store final : public weir::outbox_store {
public:
    explicit failing_store(weir::outbox_store& real) : real_(real) {}

    task<result<std::vector<outbox_entry>>> claim(std::string_view holder, std::size_t most, std::size_t bytes,
                                                  duration lease) override {
        if (throwing_claims != 0) {
            --throwing_claims;
            throw std::bad_alloc();
        }
        return real_.claim(holder, most, bytes, lease);
    }
    task<result<std::size_t>> extend(std::string_view holder, std::span<const std::int64_t> rows,
                                     duration lease) override {
        return real_.extend(holder, rows, lease);
    }
    task<result<std::size_t>> settle(std::string_view holder, std::span<const outbox_outcome> how) override {
        if (failing_settlements == 0) return real_.settle(holder, how);
        --failing_settlements;
        return unavailable();
    }
    task<result<outbox_depth>> depth() override { return real_.depth(); }

    int throwing_claims = 0;
    int failing_settlements = 0;

private:
    static task<result<std::size_t>> unavailable() { co_return error(errc::unavailable, "the database is away"); }

    weir::outbox_store& real_;
};

} // namespace

TEST_CASE_FIXTURE(relay_fixture,
                  "a settlement that fails is repeated within the lease, so that nothing is published twice") {
    failing_store flaky(store);
    flaky.failing_settlements = 3;
    add("a");
    relay.emplace(flaky, queue, options);
    relay->start(home);
    until_passing(50ms, [&] { return relay->stats().relayed == 1; });
    CHECK(relay->stats().store_errors == 3);
    stop();
    CHECK(queue.bodies() == strings{"a"});
    CHECK(rows().empty());
}

TEST_CASE_FIXTURE(relay_fixture,
                  "a settlement that fails until the lease ends is reported as lost, and the message repeated") {
    failing_store flaky(store);
    flaky.failing_settlements = 1'000'000;
    add("a");
    relay.emplace(flaky, queue, options);
    relay->start(home);
    until_passing(500ms, [&] { return relay->stats().lost == 1; });
    CHECK(events_of(outbox_event::what::lost) == 1);
    flaky.failing_settlements = 0;
    until_passing(500ms, [&] { return rows().empty(); });
    REQUIRE(queue.taken.size() == 2);
    CHECK(queue.taken[0].id == queue.taken[1].id);
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "an exception of the store pauses the relay and doesn't end it") {
    failing_store flaky(store);
    flaky.throwing_claims = 2;
    add("a");
    relay.emplace(flaky, queue, options);
    relay->start(home);
    until_passing(50ms, [&] { return relay->stats().relayed == 1; });
    CHECK(events_of(outbox_event::what::relay_failed) == 2);
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "a relay feeds a memory queue, whose consumers see the outbox's ids") {
    memory_queue real({.clock = &time});
    strings seen;
    std::string id;
    auto consumer = real.consume(home, {.topic = "events", .group = "g"}, [&](delivery& of) -> task<result<void>> {
        seen.push_back(of->body);
        id = of->id;
        co_return ok();
    });
    home.block_on(consumer.established()).value();
    try_add(message("events", "a").with_id("the-id")).value();
    relay.emplace(store, real, options);
    relay->start(home);
    until([&] { return seen.size() == 1; });
    CHECK(id == "the-id");
    stop();
    home.block_on(consumer.stop()).value();
}

TEST_CASE_FIXTURE(relay_fixture, "a relay's counts and the outbox's depth are metrics") {
    queue.answer = [](const message&) -> task<result<void>> { co_return error(errc::invalid_argument, "no"); };
    add("a");
    time.advance(7s);
    metrics all;
    relay.emplace(store, queue, options);
    measure(all, *relay, "main");
    relay->start(home);
    until([&] { return relay->stats().pending == 1; });
    const auto text = all.text();
    for (const char* line :
         {"outbox_relayed_total{name=\"main\"} 0", "outbox_failed_total{name=\"main\"} 1",
          "outbox_lost_total{name=\"main\"} 0", "outbox_store_errors_total{name=\"main\"} 0",
          "outbox_pending{name=\"main\"} 1", "outbox_unhandled{name=\"main\"} 0",
          "outbox_oldest_seconds{name=\"main\"} 7"}) {
        CAPTURE(line);
        CHECK(text.find(line) != std::string::npos);
    }
    stop();
}

TEST_CASE_FIXTURE(relay_fixture, "options out of range are refused by name") {
    const auto refused = [&](auto change) {
        auto chosen = steady_options();
        change(chosen);
        CHECK_THROWS_AS(outbox_relay(store, queue, chosen), std::invalid_argument);
    };
    refused([](auto& o) { o.batch = 0; });
    refused([](auto& o) { o.batch = 10'001; });
    refused([](auto& o) { o.batch_bytes = 0; });
    refused([](auto& o) { o.concurrency = 0; });
    refused([](auto& o) { o.lease = duration::max(); });
    refused([](auto& o) { o.publish_timeout = 0s; });
    refused([](auto& o) { o.poll = 0s; });
    refused([](auto& o) { o.max_poll = 1ms; });
    refused([](auto& o) { o.backoff = -1s; });
    refused([](auto& o) { o.max_backoff = 1ms; });
}
