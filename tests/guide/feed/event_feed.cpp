// SPDX-License-Identifier: MIT
#include "support/temporary_folder.hpp"
#include <weir/core/loop.hpp>
#include <weir/feed/event_writer.hpp>
#include <weir/feed/event_writer_metrics.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace std::chrono_literals;

struct order_placed {
    std::int64_t order_id{};
    std::int64_t cents{};
    std::string room{};
};
BOOST_DESCRIBE_STRUCT(order_placed, (), (order_id, cents, room))

weir::event_writer_options lake_options(std::string folder) {
    return {.folder = std::move(folder),
            .prefix = "orders",
            .rotate_bytes = 64 << 20,
            .rotate_every = 5min,
            .sync = weir::sync_policy::batch,
            .partition_by_date = true,
            .max_total_bytes = 20ull << 30};
}

class shop {
    weir::event_writer& events_;

public:
    explicit shop(weir::event_writer& events) : events_(events) {}

    void sell(std::int64_t id) {
        events_.write(order_placed{.order_id = id, .cents = 990, .room = "307"}); // never waits
    }

    weir::task<weir::result<void>> refund(std::int64_t id) {
        const order_placed back{.order_id = id, .cents = -990, .room = "307"};
        co_return co_await events_.append("order_refunded", back); // waits until it is on the disk
    }
};

TEST_CASE("the guide's shop writes its events") {
    const test_support::temporary_folder folder;
    weir::loop home;
    weir::event_writer events(lake_options(folder.path().string()));
    weir::metrics metrics;
    weir::measure(metrics, events);
    shop place(events);
    place.sell(7);
    CHECK(home.block_on(place.refund(7)));
    CHECK(home.block_on(events.close()));
    CHECK(events.stats().written == 2);
    CHECK(events.stats().completed_files == 1);
}
