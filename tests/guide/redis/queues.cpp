// SPDX-License-Identifier: MIT
#include "support/redis_server.hpp"
#include <weir/core/loop.hpp>
#include <weir/redis/stream_queue.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

struct welcome_mails {
    welcome_mails(weir::redis::client& db, weir::loop& home)
        : queue(db), sent(queue.consume(home, {.topic = "user_events", .group = "mail"}, [this](weir::delivery& of) {
              return send(of->body);
          })) {}

    weir::task<weir::result<void>> send(std::string user) {
        users.push_back(user);
        co_return weir::ok();
    }

    std::vector<std::string> users;
    weir::redis::stream_queue queue;
    weir::subscription sent;
};

} // namespace

TEST_CASE("the guide's queue on Redis works as it says") {
    test_support::redis_server server;
    weir::loop home;
    weir::redis::client db(server.url());
    welcome_mails mails(db, home);
    CHECK(home.block_on(mails.sent.established()).has_value());
    CHECK(home.block_on(mails.queue.publish(weir::message("user_events", "ann").with_key("ann"))).has_value());
    while (mails.users.empty()) home.run_one();
    CHECK(mails.users == std::vector<std::string>{"ann"});
    CHECK(home.block_on(mails.sent.stop()).has_value());
}
