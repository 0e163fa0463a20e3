// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

struct receipts {
    std::vector<std::string> sent{};

    weir::task<void> send(std::string to) {
        if (auto slept = co_await weir::sleep_for(1s); !slept) co_return; // the mail server is slow
        sent.push_back(std::move(to));
    }
};

void add_orders(weir::router& app, receipts& mail) {
    app.post("/orders", [&mail](weir::request& req) -> weir::task<std::string> {
        co_await weir::in_background(mail.send(std::string(req.body())));
        co_return "ordered";
    });
}

TEST_CASE("the guide's receipts are sent after the responses") {
    weir::manual_clock time;
    weir::router app;
    receipts mail;
    add_orders(app, mail);
    weir::test_client client(app, {.clock = &time});
    CHECK(client.post("/orders", "alice").body == "ordered");
    CHECK(client.post("/orders", "bob").body == "ordered");
    CHECK(mail.sent.empty());
    client.poll();
    time.advance(1s);
    client.poll();
    CHECK(mail.sent == std::vector<std::string>{"alice", "bob"});
}
