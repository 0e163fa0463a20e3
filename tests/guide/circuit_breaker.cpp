// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/middleware/guard.hpp>
#include <weir/http/router.hpp>
#include <weir/resilience/bulkhead.hpp>
#include <weir/resilience/bulkhead_metrics.hpp>
#include <weir/resilience/circuit_breaker.hpp>
#include <weir/resilience/circuit_breaker_metrics.hpp>
#include <weir/resilience/stack.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace {

// A dependency that is sometimes slow or unavailable.
struct search_service {
    bool works = true;
    int calls = 0;

    weir::task<weir::result<std::string>> ask(std::string words) {
        ++calls;
        if (!works) co_return weir::errc::deadline_exceeded;
        co_return "all about " + words;
    }
};

} // namespace

using namespace std::chrono_literals;

class search_client {
    search_service& service_;
    weir::circuit_breaker breaker_{{.name = "search", .slow_call_duration = 2s, .open_for = 10s}};
    weir::bulkhead slots_{{.name = "search", .max_concurrent = 20, .max_wait = 100ms}};
    weir::stack<weir::bulkhead, weir::circuit_breaker> policy_{slots_, breaker_}; // outermost first

public:
    explicit search_client(search_service& service) : service_(service) {}

    weir::task<weir::result<std::string>> find(std::string words) {
        auto found = co_await policy_.run([&] { return service_.ask(words); });
        if (!found && found.error() == weir::errc::unavailable) co_return "the search is taking a rest";
        co_return found;
    }

    void measure_by(weir::metrics& to) {
        weir::measure(to, breaker_, breaker_.name());
        weir::measure(to, slots_, slots_.name());
    }
};

void add_reports(weir::router& app, weir::circuit_breaker& breaker) {
    app.route("/reports", [&](weir::router& reports) {
        reports.use(weir::guard(breaker)); // responses of 500 and above count as failures
        reports.get("/", []() -> weir::result<std::string> { return weir::errc::internal; });
    });
}

// Without a coroutine, a permit is used directly.
weir::result<int> ask_by_hand(weir::circuit_breaker& breaker, weir::result<int> (*call)()) {
    auto permit = breaker.try_acquire();
    if (!permit) return permit.error();
    auto answer = call();
    if (answer)
        permit->succeed();
    else
        permit->fail(answer.error());
    return answer;
}

TEST_CASE("the guide's client gives a failing service a rest") {
    weir::loop home;
    search_service service;
    search_client client(service);
    weir::metrics all;
    client.measure_by(all);
    CHECK(home.block_on(client.find("weirs")).value() == "all about weirs");
    service.works = false;
    for (int i = 0; i < 30; ++i) (void)home.block_on(client.find("weirs"));
    CHECK(service.calls == 20); // the minimum number of calls for a rate
    CHECK(home.block_on(client.find("weirs")).value() == "the search is taking a rest");
    CHECK(all.text().find(R"(circuit_breaker_state{name="search",state="open"} 1)") != std::string::npos);
}

TEST_CASE("the guide's routes close with their circuit") {
    weir::circuit_breaker breaker({.minimum_calls = 2});
    weir::router app;
    add_reports(app, breaker);
    weir::test_client client(app);
    CHECK(client.get("/reports").status == 500);
    CHECK(client.get("/reports").status == 500);
    CHECK(client.get("/reports").status == 503);
    CHECK(ask_by_hand(breaker, [] { return weir::result<int>(1); }).error().code() == "circuit_open");
    breaker.reset();
    CHECK(ask_by_hand(breaker, [] { return weir::result<int>(1); }).value() == 1);
}
