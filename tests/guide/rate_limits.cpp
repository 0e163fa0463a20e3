// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/middleware/rate_limit.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace {

void add_limits(weir::router& app, weir::keyed_bucket& per_key) {
    app.use(weir::rate_limit({.rate = 1000, .burst = 200, .fields = {.name = "all"}}));
    app.route("/api", [&](weir::router& api) {
        api.use(weir::rate_limit({.rate = 120, .per = 1min, .burst = 30, .key = weir::by_subject}));
        api.get("/todos", [] { return "todos"; });
    });
    app.with(weir::rate_limit(per_key, weir::by_header("x-api-key"))).get("/export", [] { return "export"; });
}

class sms_gateway {
    weir::token_bucket rate_{{.rate = 5, .burst = 10, .max_wait = 2s}};
    weir::keyed_bucket per_number_{{.rate = 3, .per = 1h, .burst = 3}};

public:
    weir::task<weir::result<std::string>> send(std::string number) {
        const auto allowed = per_number_.acquire(number);
        if (!allowed) co_return allowed.refusal(); // becomes a 429 with Retry-After
        co_return co_await rate_.run([&] { return "sent to " + number; });
    }
};

} // namespace

TEST_CASE("the guide's limits work as it says") {
    weir::router app;
    weir::keyed_bucket per_key({.rate = 1, .burst = 1});
    add_limits(app, per_key);
    weir::test_client client(app);
    CHECK(client.get("/api/todos").header("ratelimit-policy") == "\"default\";q=30;w=15");
    client.header("x-api-key", "one");
    CHECK(client.get("/export").status == 200);
    CHECK(client.get("/export").status == 429);
    weir::loop home;
    sms_gateway gateway;
    for (int i = 0; i < 3; ++i) CHECK(home.block_on(gateway.send("12345")).value() == "sent to 12345");
    CHECK(home.block_on(gateway.send("12345")).error().retry_after() == 1200);
}
