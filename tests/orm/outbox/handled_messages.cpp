// SPDX-License-Identifier: MIT
#include "orm/outbox/outbox_fixture.hpp"
#include <weir/mq/memory_queue.hpp>

#include <doctest/doctest.h>

#include <optional>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

// A memory queue fed by an outbox, with two groups of consumers.
struct durable_fixture : outbox_fixture {
    memory_queue queue{{.clock = &time}};
    handled_messages handled;
    outbox_relay_options options = steady_options();
    bool mails_work = true;
    std::vector<std::string> mails;
    std::vector<std::string> points;
    std::optional<outbox_relay> relay;
    subscription mailing;
    subscription counting;

    durable_fixture() {
        options.handled = &handled;
        auto mail = [this](delivery& of) -> task<result<void>> {
            if (!mails_work) co_return error(errc::unavailable, "the mail server is away");
            mails.push_back(of->body);
            co_return ok();
        };
        auto count = [this](delivery& of) -> task<result<void>> {
            points.push_back(of->body);
            co_return ok();
        };
        mailing =
            queue.consume(home, {.topic = "events", .group = "mails", .attempts = 1000, .random = [] { return 0.0; }},
                          handled.by("events", "mails", mail));
        counting = queue.consume(home, {.topic = "events", .group = "points"}, handled.by("events", "points", count));
        home.block_on(mailing.established()).value();
        home.block_on(counting.established()).value();
    }

    void start() {
        relay.emplace(store, queue, options);
        relay->start(home);
    }
    void stop() {
        home.block_on(mailing.stop()).value();
        home.block_on(counting.stop()).value();
        home.block_on(relay->stop()).value();
    }
};

using strings = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(durable_fixture, "a message stays in the outbox until each group has handled it") {
    mails_work = false;
    start();
    add("a");
    until([&] { return points.size() == 1; });
    CHECK(rows().size() == 1);
    until([&] { return relay->stats().unhandled == 1; });
    CHECK(relay->stats().relayed == 0);
    mails_work = true;
    until_passing(10ms, [&] { return relay->stats().relayed == 1; });
    CHECK(rows().empty());
    CHECK(mails == strings{"a"});
    CHECK(points == strings{"a"});
    CHECK(handled.unhandled() == 0);
    stop();
}

TEST_CASE_FIXTURE(durable_fixture,
                  "while a handler fails, the lease of its message is extended and it isn't published again") {
    mails_work = false;
    start();
    add("a");
    until([&] { return points.size() == 1; });
    until([&] { return relay->stats().unhandled == 1; });
    for (int i = 0; i < 30; ++i) { // ten leases
        time.advance(options.lease / 3);
        until_passing(100ms, [&] { return rows()[0].free_at > time.wall_now() + options.lease * 3 / 4; });
    }
    CHECK(points == strings{"a"});
    mails_work = true;
    until_passing(100ms, [&] { return relay->stats().relayed == 1; });
    CHECK(mails == strings{"a"});
    CHECK(points == strings{"a"});
    stop();
}

TEST_CASE_FIXTURE(durable_fixture, "a message that isn't handled at a stop is free for the next start at once") {
    mails_work = false;
    start();
    add("a");
    until([&] { return points.size() == 1; });
    stop();
    const auto left = home.block_on(store.claim("next", 10, 1000, 1min)).value();
    REQUIRE(left.size() == 1);
    CHECK(left[0].content.body == "a");
}

TEST_CASE_FIXTURE(durable_fixture, "a message handled while a stop waits isn't published again") {
    start();
    add("a");
    until([&] { return mails.size() == 1 && points.size() == 1; });
    stop();
    CHECK(rows().empty());
    CHECK(relay->stats().relayed == 1);
}

TEST_CASE_FIXTURE(durable_fixture, "no more messages are claimed than may wait for their handlers") {
    mails_work = false;
    options.max_unhandled = 2;
    for (const char* body : {"a", "b", "c", "d"}) add(body);
    start();
    until_passing(10ms, [&] { return points.size() == 2; });
    until_passing(10ms, [&] { return time.now().time_since_epoch() > 10s; });
    CHECK(points.size() == 2);
    mails_work = true;
    until_passing(10ms, [&] { return relay->stats().relayed == 4; });
    CHECK(mails.size() == 4);
    stop();
}

TEST_CASE_FIXTURE(durable_fixture, "later messages of a key wait until an earlier one is handled") {
    mails_work = false;
    add("a1", "a");
    add("a2", "a");
    add("b", "b");
    start();
    until_passing(10ms, [&] { return points.size() == 3; });
    mails_work = true;
    until_passing(10ms, [&] { return relay->stats().relayed == 3; });
    CHECK(std::ranges::find(mails, "a1") < std::ranges::find(mails, "a2"));
    stop();
}

TEST_CASE("a message of a topic without wrapped handlers is handled when it is published") {
    handled_messages handled;
    CHECK(handled.expect("events", "a"));
    CHECK(handled.take_handled() == strings{"a"});
    CHECK(handled.unhandled() == 0);
}

TEST_CASE("a message is expected once, unless it was forgotten or handled") {
    handled_messages handled;
    (void)handled.by("events", "g", [](delivery&) -> task<result<void>> { co_return ok(); });
    CHECK(handled.expect("events", "a"));
    CHECK(!handled.expect("events", "a"));
    handled.forget("a");
    CHECK(handled.expect("events", "a"));
    CHECK(handled.unhandled() == 1);
    CHECK(handled.take_handled().empty());
}
