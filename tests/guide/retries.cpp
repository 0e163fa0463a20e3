// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/client.hpp>
#include <weir/http/middleware/deadline_from_header.hpp>
#include <weir/http/router.hpp>
#include <weir/resilience/fallback.hpp>
#include <weir/resilience/hedge.hpp>
#include <weir/resilience/recovery.hpp>
#include <weir/resilience/retry.hpp>
#include <weir/resilience/single_flight.hpp>
#include <weir/resilience/stack.hpp>
#include <weir/resilience/timeout.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using price_source = std::function<weir::task<weir::result<int>>()>;

// Shared by all loops, like all of its members.
class prices {
    price_source ask_;
    weir::retry_budget budget_;   // for all calls to the price service: 10 %, plus 10 per second
    weir::timeout whole_{800ms};  // including all retries
    weir::timeout single_{200ms}; // for each attempt
    weir::retry backoff_{
        {.attempts = 3,
         .base = 20ms,
         .idempotent = true, // repeating a price query is harmless
         .retries =
             [](const weir::error& failed) {
                 return failed == weir::errc::unavailable || failed == weir::errc::deadline_exceeded;
             },
         .budget = &budget_}};
    weir::stack<weir::timeout, weir::retry, weir::timeout> policy_{whole_, backoff_, single_}; // outermost first
    weir::last_good<int> last_{10min};
    weir::fallback<int> degraded_{last_};
    weir::single_flight<int> flights_;

public:
    explicit prices(price_source ask) : ask_(std::move(ask)) {}

    weir::task<weir::result<int>> now() {
        auto call = [this] { return policy_.run(std::ref(ask_)); };
        auto once = [this, call] { return flights_.run("price", call); };
        co_return co_await degraded_.run(once);
    }
};

weir::http::client_options sending_the_deadline() {
    weir::http::client_options options;
    options.send_deadline = true; // sends Request-Timeout-Ms: the time left until the deadline
    return options;
}

void add_deadlines(weir::router& app) {
    app.use(weir::deadline_from_header({.most = 10s}));
    app.get("/slow", []() -> weir::task<weir::result<std::string>> {
        if (auto slept = co_await weir::sleep_for(2s); !slept) co_return slept.error(); // 504 at once if less is left
        co_return "done";
    });
}

weir::recovery_options for_orders(std::vector<std::string>& kept) {
    weir::recovery_options options;
    options.table.set("stock_differs", weir::recovery_level::inconsistent); // L3, by the error's code
    options.park = [&kept](const weir::recovery_event& event) -> weir::task<weir::result<void>> {
        kept.emplace_back(event.work); // a table row for manual repair
        co_return weir::ok();
    };
    return options;
}

} // namespace

TEST_CASE("the guide's prices are merged, retried and remembered") {
    weir::manual_clock time;
    weir::loop home(time);
    int asked = 0;
    bool down = true;
    prices shop([&]() -> weir::task<weir::result<int>> {
        ++asked;
        if (down) co_return weir::errc::unavailable;
        co_return 42;
    });
    const auto look = [&] {
        weir::result<int> seen = 0;
        bool done = false;
        auto ask = [&]() -> weir::task<void> {
            seen = co_await shop.now();
            done = true;
        };
        home.spawn(ask());
        for (int i = 0; i < 1000 && !done; ++i) {
            home.poll();
            time.advance(1ms);
        }
        return seen;
    };
    CHECK(look().error() == weir::errc::unavailable);
    CHECK(asked == 3);
    down = false;
    CHECK(look().value() == 42);
    down = true;
    CHECK(look().value() == 42); // the last good one
    CHECK(asked == 7);
}

TEST_CASE("the guide's recovery switches to the standby and keeps inconsistent work") {
    weir::loop home;
    std::vector<std::string> kept;
    weir::recovery recover(for_orders(kept));
    auto primary = []() -> weir::task<weir::result<int>> { co_return weir::errc::unavailable; };
    auto standby = []() -> weir::task<weir::result<int>> { co_return 7; };
    auto differs = []() -> weir::task<weir::result<int>> {
        co_return weir::error(weir::errc::conflict, "the sums differ").with_code("stock_differs");
    };
    CHECK(home.block_on(recover.run("order 7", primary, standby)).value() == 7);
    CHECK(!home.block_on(recover.run("order 8", differs, standby)));
    CHECK(kept == std::vector<std::string>{"order 8"});
}

TEST_CASE("the guide's client and server exchange deadlines") {
    weir::router app;
    add_deadlines(app);
    CHECK(sending_the_deadline().send_deadline);
}
