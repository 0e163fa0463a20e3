// SPDX-License-Identifier: MIT
#pragma once

// What every engine of weir::queue does. An engine's test runs all cases:
//
//     for (const auto& one : test_support::queue_cases()) SUBCASE(one.name) one.run(engine);

#include "support/queue_trial.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/deadline.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace test_support {

namespace queue_cases_detail {

using namespace weir;
using namespace std::chrono_literals;

inline void every_group_gets_every_message(queue_engine& engine) {
    queue_trial t(engine);
    std::multiset<std::string> mail;
    std::multiset<std::string> points;
    auto to = [](std::multiset<std::string>& into) {
        return [&into](delivery& of) -> task<result<void>> {
            into.insert(of->body);
            co_return ok();
        };
    };
    const auto first = t.consume(t.options("mail"), to(mail));
    const auto second = t.consume(t.options("points"), to(points));
    const auto third = t.consume(t.options("points"), to(points));
    t.publish_all(20);

    CHECK(t.until([&] { return t.queue->stats().done == 40; }));
    CHECK(mail.size() == 20);
    CHECK(points == mail);
    CHECK(std::set(mail.begin(), mail.end()).size() == 20);
}

inline void all_parts_of_a_message_arrive(queue_engine& engine) {
    queue_trial t(engine);
    std::vector<message> got;
    const auto sub = t.consume(t.options(), [&](delivery& of) -> task<result<void>> {
        got.push_back(*of);
        CHECK(of.attempt == 1);
        CHECK(of.last_failure.empty());
        CHECK(!of.first_failed);
        co_return ok();
    });
    const std::string binary("\0\xff{}\n\xe4\xbd\xa0", 8);
    auto sent = message(t.topic, binary).with_key("k\xe4\xbd\xa0").with_id("id 1").with_type("image/png");
    sent.headers = {{"trace", "a b"}, {"trace", ""}, {"other", "\xe4\xbd\xa0"}};
    REQUIRE(t.publish(sent));
    REQUIRE(t.publish(message(t.topic)));

    REQUIRE(t.until([&] { return got.size() == 2; }));
    if (got[0].body.empty()) std::swap(got[0], got[1]);
    CHECK(got[0].topic == t.topic);
    CHECK(got[0].body == binary);
    CHECK(got[0].key == sent.key);
    CHECK(got[0].id == "id 1");
    CHECK(got[0].content_type == "image/png");
    CHECK((got[0].headers == sent.headers));
    CHECK(got[1].body.empty());
    CHECK(!got[1].id.empty());
}

inline void a_message_that_no_group_takes_is_refused(queue_engine& engine) {
    queue_trial t(engine);
    const auto refused = t.publish(message(t.topic, "x"));
    REQUIRE(!refused);
    CHECK(refused.error() == errc::not_found);
    CHECK(refused.error().code() == "unroutable");
    CHECK(t.queue->stats().publish_failed == 1);
    t.declare();
    CHECK(t.publish(message(t.topic, "x")));
    CHECK(t.queue->stats().published == 1);
}

inline void wrong_names_and_sizes_are_refused(queue_engine& engine) {
    queue_trial t(engine);
    t.declare();
    const auto kind = [&](message one) { return t.publish(std::move(one)).error().kind(); };
    CHECK(kind(message("")) == errc::invalid_argument);
    CHECK(kind(message("a topic")) == errc::invalid_argument);
    CHECK(kind(message(std::string(101, 'a'))) == errc::invalid_argument);
    CHECK(kind(message(t.topic).with_header("x-weir-attempt", "9")) == errc::invalid_argument);
    CHECK(kind(message(t.topic).with_header("", "9")) == errc::invalid_argument);
    CHECK(kind(message(t.topic).with_key(std::string(1000, 'k'))) == errc::invalid_argument);
    CHECK(kind(message(t.topic).with_delay(-1s)) == errc::invalid_argument);
    CHECK(kind(message(t.topic).with_delay(duration::max())) == errc::invalid_argument);
    CHECK(kind(message(t.topic, std::string(std::size_t{2} << 20U, 'x'))) == errc::too_large);
    CHECK(t.run(t.queue->declare(t.topic, "a group")).error() == errc::invalid_argument);
    CHECK(t.run(t.queue->declare("*", "g")).error() == errc::invalid_argument);
    const auto handler = [](delivery&) -> task<result<void>> { co_return ok(); };
    CHECK_THROWS_AS((void)t.queue->consume(t.home, {.topic = t.topic, .group = ""}, handler), std::invalid_argument);
    CHECK_THROWS_AS((void)t.queue->consume(t.home, {.topic = t.topic, .group = "g", .concurrency = 0}, handler),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)t.queue->consume(t.home, {.topic = t.topic, .group = "g", .attempts = 0}, handler),
                    std::invalid_argument);
}

inline void a_failed_message_is_attempted_again(queue_engine& engine) {
    queue_trial t(engine);
    std::vector<delivery> attempts;
    const auto sub = t.consume(t.options(), [&](delivery& of) -> task<result<void>> {
        attempts.push_back(of);
        if (of.attempt == 1) co_return error(errc::unavailable, "mail is down");
        if (of.attempt == 2) throw std::runtime_error("no disk");
        co_return ok();
    });
    REQUIRE(t.publish(message(t.topic, "x").with_id("a").with_key("k")));
    REQUIRE(t.publish(message(t.topic, "y").with_id("b")));

    REQUIRE(t.until([&] { return t.queue->stats().done == 2; }));
    CHECK(t.queue->stats().retried == 4);
    for (const std::string id : {"a", "b"}) {
        std::vector<delivery> of_one;
        std::ranges::copy_if(attempts, std::back_inserter(of_one), [&](const auto& one) { return one->id == id; });
        REQUIRE(of_one.size() == 3);
        CHECK(of_one[1].attempt == 2);
        CHECK(of_one[1].redelivered);
        CHECK(of_one[1].last_failure.find("mail is down") != std::string::npos);
        CHECK(of_one[1].first_failed.has_value());
        CHECK(of_one[2].attempt == 3);
        CHECK(of_one[2].last_failure.find("no disk") != std::string::npos);
        CHECK(of_one[2].first_failed == of_one[1].first_failed);
    }
}

inline void a_message_dies_after_its_last_attempt(queue_engine& engine) {
    queue_trial t(engine);
    bool works = false;
    std::size_t calls = 0;
    auto how = t.options();
    how.attempts = 3;
    const auto sub = t.consume(how, [&](delivery& of) -> task<result<void>> {
        ++calls;
        CHECK(of.attempt <= 3);
        if (works) co_return ok();
        co_return error(errc::unavailable, "mail is down");
    });
    for (const char* const id : {"a", "b", "c"})
        REQUIRE(t.publish(message(t.topic, std::string("body ") + id).with_id(id).with_header("h", "v")));
    REQUIRE(t.until_dead(3));
    CHECK(calls == 9);

    auto dead = t.dead_letters();
    REQUIRE(dead.size() == 3);
    CHECK(t.dead_letters().size() == 3); // listing doesn't remove them
    std::ranges::sort(dead, {}, [](const auto& one) { return one.last->id; });
    CHECK(dead[0].last->body == "body a");
    CHECK(dead[0].last->header("h") == "v");
    CHECK(dead[0].last.attempt == 3);
    CHECK(dead[0].last.last_failure.find("mail is down") != std::string::npos);
    CHECK(dead[0].last.first_failed.has_value());
    CHECK(dead[0].died >= *dead[0].last.first_failed);
    CHECK(t.run(t.queue->dead_letters(t.topic, "g", 2)).value().size() == 2);

    CHECK(t.run(t.queue->discard_dead(t.topic, "g", "b")).value() == 1);
    CHECK(t.run(t.queue->discard_dead(t.topic, "g", "b")).value() == 0);
    CHECK(t.dead_letters().size() == 2);
    works = true;
    CHECK(t.run(t.queue->requeue_dead(t.topic, "g", "a")).value() == 1);
    CHECK(t.until([&] { return t.queue->stats().done == 1; }));
    CHECK(t.run(t.queue->requeue_dead(t.topic, "g", "")).value() == 1);
    CHECK(t.until([&] { return t.queue->stats().done == 2; }));
    CHECK(t.dead_letters().empty());
    CHECK(t.run(t.queue->dead_letters(t.topic, "nobody", 2)).error() == errc::not_found);
}

inline void a_permanent_error_ends_the_attempts(queue_engine& engine) {
    queue_trial t(engine);
    std::size_t calls = 0;
    const auto sub = t.consume(t.options(), [&](delivery& of) -> task<result<void>> {
        ++calls;
        if (of->body == "0") co_return errc::invalid_argument;
        if (of->body == "1") co_return errc::validation_failed;
        co_return permanent(errc::not_found);
    });
    t.publish_all(3);
    CHECK(t.until_dead(3));
    CHECK(calls == 3);
    CHECK(t.queue->stats().retried == 0);
}

inline void messages_of_one_key_are_handled_in_order(queue_engine& engine) {
    queue_trial t(engine);
    std::map<std::string, std::vector<int>> handled;
    std::map<std::string, int> running;
    auto how = t.options();
    how.concurrency = 16;
    std::size_t calls = 0;
    const auto sub = t.consume(how, [&](delivery& of) -> task<result<void>> {
        CHECK(++running[of->key] == 1);
        (void)co_await sleep_for(1ms);
        --running[of->key];
        if (++calls % 3 == 0 && of.attempt < 4) co_return errc::unavailable;
        handled[of->key].push_back(std::stoi(of->body));
        co_return ok();
    });
    for (int i = 0; i < 100; ++i)
        REQUIRE(t.publish(message(t.topic, std::to_string(i)).with_key("k" + std::to_string(i % 10))));

    REQUIRE(t.until([&] { return t.queue->stats().done == 100; }));
    CHECK(handled.size() == 10);
    for (const auto& [key, bodies] : handled) {
        CHECK(bodies.size() == 10);
        CHECK(std::ranges::is_sorted(bodies));
    }
    CHECK(t.queue->stats().retried > 0);
}

inline void a_dead_message_lets_the_next_of_its_key_pass(queue_engine& engine) {
    queue_trial t(engine);
    std::vector<std::string> handled;
    auto how = t.options();
    how.attempts = 2;
    const auto sub = t.consume(how, [&](delivery& of) -> task<result<void>> {
        if (of->body == "0") co_return errc::unavailable;
        handled.push_back(of->body);
        co_return ok();
    });
    for (const char* const body : {"0", "1", "2"}) REQUIRE(t.publish(message(t.topic, body).with_key("k")));
    CHECK(t.until([&] { return handled.size() == 2; }));
    CHECK((handled == std::vector<std::string>{"1", "2"}));
}

inline void a_delayed_message_comes_when_it_is_due(queue_engine& engine) {
    queue_trial t(engine);
    std::map<std::string, std::chrono::steady_clock::time_point> at;
    const auto sub = t.consume(t.options(), [&](delivery& of) -> task<result<void>> {
        at[of->body] = std::chrono::steady_clock::now();
        co_return ok();
    });
    const auto begun = std::chrono::steady_clock::now();
    REQUIRE(t.publish(message(t.topic, "late").with_delay(600ms).with_key("k")));
    REQUIRE(t.publish(message(t.topic, "soon").with_delay(100ms)));
    REQUIRE(t.publish(message(t.topic, "now").with_key("k")));
    REQUIRE(t.until([&] { return at.size() == 3; }));
    CHECK(at["soon"] - begun >= 100ms);
    CHECK(at["late"] - begun >= 600ms);
    CHECK(at["now"] < at["late"]);
}

} // namespace queue_cases_detail

struct queue_case {
    const char* name;
    void (*run)(queue_engine&);
};

} // namespace test_support
