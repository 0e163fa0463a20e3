// SPDX-License-Identifier: MIT
#include <weir/app/app.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace {

struct order_book {
    int swept = 0;
    int reported = 0;

    weir::task<weir::result<void>> cancel_expired() {
        ++swept;
        co_return weir::ok();
    }
    void report() { ++reported; }
};

void add_jobs(weir::app& app, order_book& orders) {
    app.every("expiry", 1min, [&] { return orders.cancel_expired(); }, {.at_start = true, .timeout = 30s});
    app.cron("report", "30 3 * * *", [&] { orders.report(); }, {.utc_offset = 8h});
}

} // namespace

TEST_CASE("an application's jobs run on a manual clock") {
    weir::manual_clock time; // 2026-01-01T00:00:00Z
    weir::app app;
    order_book orders;
    add_jobs(app, orders);
    weir::loop home(time);
    app.jobs().start(home);
    for (int minute = 0; minute < 24 * 60; ++minute) {
        while (home.poll() > 0) {
        }
        time.advance(1min);
    }
    CHECK(orders.swept == 24 * 60);
    CHECK(orders.reported == 1);
}
