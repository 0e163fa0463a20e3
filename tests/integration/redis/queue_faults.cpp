// SPDX-License-Identifier: MIT
// labels: slow
#include "integration/redis/fixture.hpp"
#include "support/queue_trial.hpp"
#include <weir/core/channel.hpp>
#include <weir/redis/stream_queue.hpp>

#include <csignal>
#include <map>
#include <set>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <variant>

using namespace redis_test;
using test_support::queue_trial;

namespace {

redis::stream_queue_options quick_options() {
    redis::stream_queue_options options;
    options.claim_after = 400ms;
    options.poll = 50ms;
    return options;
}

class stream_engine final : public test_support::queue_engine {
public:
    explicit stream_engine(redis::stream_queue_options given = quick_options(), std::vector<std::string> lines = {})
        : server(std::move(lines)), options_(std::move(given)) {}

    std::unique_ptr<weir::queue> open() override { return std::make_unique<redis::stream_queue>(db, options_); }
    static redis::stream_stats stats(queue_trial& of) {
        return dynamic_cast<redis::stream_queue&>(*of.queue).stream_stats();
    }

    redis_server server;
    redis::client db{options_for(server.url())};

private:
    redis::stream_queue_options options_;
};

auto collect(std::vector<delivery>& into) {
    return [&into](delivery& of) -> task<result<void>> {
        into.push_back(of);
        co_return ok();
    };
}

// Says so on a pipe when its handler runs, which never ends.
[[noreturn]] void consume_for_ever(const std::string& url, const std::string& topic, int begun) {
    redis::client db(options_for(url));
    redis::stream_queue queue(db, quick_options());
    loop home;
    auto stuck = [&](delivery&) -> task<result<void>> {
        if (::write(begun, "x", 1) != 1) co_return errc::internal;
        co_return co_await sleep_for(1h);
    };
    const auto sub = queue.consume(home, {.topic = topic, .group = "g", .concurrency = 1}, stuck);
    home.run();
    ::_exit(1);
}

} // namespace

TEST_CASE("the messages of a killed process go to another consumer") {
    stream_engine engine;
    queue_trial t(engine);
    t.declare();
    REQUIRE(t.publish(message(t.topic, "0").with_key("k")));
    REQUIRE(t.publish(message(t.topic, "1").with_key("k")));
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) consume_for_ever(engine.server.url(), t.topic, ends[1]);
    char byte = 0;
    REQUIRE(::read(ends[0], &byte, 1) == 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);

    std::vector<delivery> got;
    const auto sub = t.consume(t.options(), collect(got));
    REQUIRE(t.until([&] { return got.size() == 2; }));
    CHECK(got[0]->body == "0");
    CHECK(got[0].redelivered);
    CHECK(got[0].attempt == 1);
    CHECK(got[1]->body == "1");
    CHECK(stream_engine::stats(t).claimed == 1);
}

TEST_CASE("a consumer that stood still loses its message, and its late verdict is refused") {
    stream_engine engine;
    queue_trial t(engine);
    channel<std::monostate> gate;
    loop still; // doesn't run while another consumer claims
    bool begun = false;
    bool ended = false;
    auto slow = [&](delivery&) -> task<result<void>> {
        begun = true;
        (void)co_await gate.receive();
        ended = true;
        co_return ok();
    };
    auto first = t.queue->consume(still, t.options(), slow);
    REQUIRE(still.block_on(first.established()));
    REQUIRE(t.publish(message(t.topic, "x").with_key("k")));
    redis_fixture::run_loop_until(still, [&] { return begun; });

    std::vector<delivery> got;
    const auto second = t.consume(t.options(), collect(got));
    REQUIRE(t.publish(message(t.topic, "y").with_key("k")));
    REQUIRE(t.until([&] { return got.size() == 2; }));
    CHECK(got[0]->body == "x");
    CHECK(got[0].redelivered);
    CHECK(got[1]->body == "y");
    gate.close();
    redis_fixture::run_loop_until(still, [&] { return ended && stream_engine::stats(t).refused == 1; });
    CHECK(t.until([&] { return engine.server.cli({"XLEN", "weir:{" + t.topic + "}:g"}) == "0"; }));
}

TEST_CASE("a consumer keeps the message of a long handler") {
    stream_engine engine;
    queue_trial t(engine);
    int calls = 0;
    auto how = t.options();
    how.concurrency = 1;
    const auto handler = [&](delivery&) -> task<result<void>> {
        ++calls;
        co_return co_await sleep_for(1500ms);
    };
    const auto first = t.consume(how, handler);
    const auto second = t.consume(how, handler);
    REQUIRE(t.publish(message(t.topic, "x")));
    REQUIRE(t.until([&] { return t.queue->stats().done == 1; }));
    CHECK(calls == 1);
    CHECK(stream_engine::stats(t).claimed == 0);
}

TEST_CASE("a full group refuses messages, and none is trimmed") {
    auto options = quick_options();
    options.max_messages = 5;
    stream_engine engine(options);
    queue_trial t(engine);
    t.declare();
    for (int i = 0; i < 3; ++i) REQUIRE(t.publish(message(t.topic, "s")));
    REQUIRE(t.publish(message(t.topic, "d").with_delay(1h)));
    REQUIRE(t.publish(message(t.topic, "k").with_key("k")));
    const auto refused = t.publish(message(t.topic, "x"));
    CHECK(refused.error() == errc::resource_exhausted);
    CHECK(refused.error().code() == "queue_full");

    std::vector<delivery> got;
    const auto sub = t.consume(t.options(), collect(got));
    REQUIRE(t.until([&] { return got.size() == 4; }));
    REQUIRE(t.until([&] { return t.group().depth == 1 && t.group().delayed == 1; }));
    CHECK(t.publish(message(t.topic, "x")));
}

TEST_CASE("an entry that another program wrote becomes a dead letter") {
    stream_engine engine;
    queue_trial t(engine);
    t.declare();
    engine.server.cli({"XADD", "weir:{" + t.topic + "}:g", "*", "text", "hello"});
    std::vector<delivery> got;
    const auto sub = t.consume(t.options(), collect(got));
    REQUIRE(t.until([&] { return t.group().dead_letters == 1; }));
    CHECK(t.dead_letters().at(0).last.last_failure == "the stream's entry isn't a message of weir");
    CHECK(got.empty());
    CHECK(t.run(t.queue->discard_dead(t.topic, "g", "")).value() == 1);
}

TEST_CASE("dead letters beyond one page are all requeued, and the oldest beyond the limit are deleted") {
    auto options = quick_options();
    options.max_dead = 450;
    stream_engine engine(options);
    queue_trial t(engine);
    std::size_t handled = 0;
    bool works = false;
    auto how = t.options();
    how.attempts = 1;
    const auto sub = t.consume(how, [&](delivery&) -> task<result<void>> {
        if (!works) co_return errc::unavailable;
        ++handled;
        co_return ok();
    });
    t.publish_all(460);
    REQUIRE(t.until([&] { return t.queue->stats().dead == 460; }));
    REQUIRE(t.until([&] { return t.group().depth == 0 && t.group().dead_letters == 450; }));
    works = true;
    CHECK(t.run(t.queue->requeue_dead(t.topic, "g", "")).value() == 450);
    CHECK(t.until([&] { return handled == 450; }));
}

TEST_CASE("a frozen server fails publications at their deadline") {
    stream_engine engine;
    queue_trial t(engine);
    t.declare();
    engine.server.freeze();
    const auto late = t.run(with_timeout(100ms, t.queue->publish(message(t.topic, "x"))));
    CHECK(late.error() == errc::deadline_exceeded);
    engine.server.thaw();
    CHECK(t.publish(message(t.topic, "y")));
}

TEST_CASE("a server that has lost its memory gets its groups again from their consumers") {
    stream_engine engine;
    queue_trial t(engine);
    std::vector<delivery> got;
    const auto sub = t.consume(t.options(), collect(got));
    REQUIRE(t.publish(message(t.topic, "before")));
    REQUIRE(t.until([&] { return got.size() == 1; }));
    engine.server.kill();
    engine.server.start();
    bool sent = false;
    REQUIRE(t.until([&] { return sent = sent || t.publish(message(t.topic, "after")).has_value(); }));
    CHECK(t.until([&] { return got.size() == 2; }));
    CHECK(stream_engine::stats(t).failures > 0);
}

TEST_CASE("nothing is lost while Redis is killed, frozen, and drops its connections") {
    stream_engine engine(quick_options(), {"appendonly yes", "appendfsync always"});
    queue_trial t(engine);
    constexpr int count = 2000;
    std::map<std::string, int> handled;
    const auto handler = [&](delivery& of) -> task<result<void>> {
        ++handled[of->id];
        co_return ok();
    };
    const auto first = t.consume(t.options(), handler);
    const auto second = t.consume(t.options(), handler);
    int next = 0;
    int confirmed = 0;
    int repeated = 0;
    const auto publish_some = [&]() -> task<void> {
        while (next < count) {
            const std::string id = std::to_string(next++);
            for (;;) {
                auto sent =
                    co_await t.queue->publish(message(t.topic, "body").with_id(id).with_key("k" + id.substr(0, 2)));
                if (sent) break;
                ++repeated;
                (void)co_await sleep_for(20ms);
            }
            ++confirmed;
        }
    };
    for (int i = 0; i < 8; ++i) t.home.spawn(publish_some());
    REQUIRE(t.until([&] { return confirmed >= 500; }));
    engine.server.kill();
    engine.server.start();
    REQUIRE(t.until([&] { return confirmed >= 1000; }));
    engine.server.freeze();
    (void)t.home.block_on(sleep_for(300ms));
    engine.server.thaw();
    REQUIRE(t.until([&] { return confirmed >= 1500; }));
    engine.server.cli({"CLIENT", "KILL", "TYPE", "normal"});
    REQUIRE(t.until([&] { return confirmed == count; }));
    CHECK(t.until([&] { return handled.size() == count; }));
    CHECK(t.until([&] { return t.group().depth == 0; }));
    CHECK(t.dead_letters().empty());
    std::size_t calls = 0;
    for (const auto& [id, times] : handled) calls += static_cast<std::size_t>(times);
    MESSAGE("repeated publications: ", repeated, ", duplicates handled: ", calls - handled.size());
}

TEST_CASE("options of a stream queue that are out of range are refused") {
    redis::client db("redis://127.0.0.1:1");
    const auto refused = [&](redis::stream_queue_options given) {
        CHECK_THROWS_AS(redis::stream_queue(db, std::move(given)), std::invalid_argument);
    };
    refused({.prefix = "a b"});
    refused({.max_messages = 0});
    refused({.max_message_bytes = 0});
    refused({.claim_after = 0s});
    refused({.claim_after = duration::max()});
    refused({.poll = 0s});
}
