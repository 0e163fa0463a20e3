// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/mq/idempotent.hpp>
#include <weir/mq/memory_queue.hpp>
#include <weir/observe/log.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

struct welcome_mailer {
    std::vector<std::int64_t> sent{};
    bool works = true;

    weir::task<weir::result<void>> welcome(std::int64_t id) {
        if (!works) co_return weir::permanent(weir::errc::not_found);
        sent.push_back(id);
        co_return weir::ok();
    }
};

struct point_book {
    std::vector<std::string> given{};

    weir::task<weir::result<void>> add(std::string to) {
        given.push_back(std::move(to));
        co_return weir::ok();
    }
};

struct user_registered {
    std::string event{};
    std::int64_t user_id{};
};
BOOST_DESCRIBE_STRUCT(user_registered, (), (event, user_id))

weir::task<weir::result<void>> announce(weir::queue& events, std::int64_t id) {
    user_registered event{.event = "user_registered", .user_id = id};
    co_return co_await events.publish(weir::json_message("user_events", event).with_key(std::to_string(id)));
}

weir::subscription send_mails(weir::queue& events, weir::loop& on, welcome_mailer& mail) {
    return events.consume(on, {.topic = "user_events", .group = "mail", .attempts = 8},
                          [&mail](user_registered& event) { return mail.welcome(event.user_id); });
}

weir::subscription add_points(weir::queue& events, weir::loop& on, weir::seen_ids& seen, point_book& points) {
    auto once = weir::idempotent(seen, [&points](weir::delivery& of) { return points.add(of->key); });
    return events.consume(on, {.topic = "user_events", .group = "points"}, once);
}

weir::task<weir::result<std::size_t>> repeat_failed_mails(weir::queue& events, const weir::logger& log) {
    auto dead = co_await events.dead_letters("user_events", "mail", 100);
    if (!dead) co_return dead.error();
    for (const auto& one : *dead)
        log.warn("mail failed", weir::field("id", one.last->id), weir::field("why", one.last.last_failure));
    co_return co_await events.requeue_dead("user_events", "mail", ""); // or one id; discard_dead deletes them
}

TEST_CASE("the guide's consumers handle each registration, and failed mails are repeated") {
    weir::loop home;
    weir::memory_queue events;
    weir::memory_seen_ids seen;
    welcome_mailer mail;
    point_book points;
    const auto mails = send_mails(events, home, mail);
    const auto booked = add_points(events, home, seen, points);
    REQUIRE(home.block_on(announce(events, 1)));
    home.poll();
    CHECK((mail.sent == std::vector<std::int64_t>{1}));
    CHECK((points.given == std::vector<std::string>{"1"}));

    mail.works = false;
    REQUIRE(home.block_on(announce(events, 2)));
    home.poll();
    mail.works = true;
    CHECK(home.block_on(repeat_failed_mails(events, weir::logger())).value() == 1);
    home.poll();
    CHECK((mail.sent == std::vector<std::int64_t>{1, 2}));
    CHECK(points.given.size() == 2);
}
