// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/mq/memory_queue.hpp>
#include <weir/mq/outbox_relay.hpp>
#include <weir/orm.hpp>
#include <weir/orm/outbox_store.hpp>
#include <weir/orm/processed_messages.hpp>

#include <doctest/doctest.h>

#include <string>

using weir::col;

struct buyer {
    std::int64_t id{};
    std::string name{};
    std::int64_t points{};
};
BOOST_DESCRIBE_STRUCT(buyer, (), (id, name, points))

template<>
inline constexpr auto weir::schema<buyer> = weir::table("buyers").key(&buyer::id);

struct buyer_joined {
    std::int64_t buyer_id{};
};
BOOST_DESCRIBE_STRUCT(buyer_joined, (), (buyer_id))

weir::task<weir::result<void>> join(weir::database& db, weir::orm::outbox_store& outbox, buyer& added) {
    auto body = [&](weir::transaction& tx) -> weir::result<void> {
        if (auto stored = tx.insert(added); !stored) return stored;
        return outbox.add_json(tx, "buyers", buyer_joined{added.id});
    };
    co_return co_await db.transaction(body);
}

weir::task<weir::result<void>> give_points(weir::database& db, const weir::orm::processed_messages& rewarded,
                                           const buyer_joined& event, const std::string& id) {
    auto body = [&](weir::transaction& tx) -> weir::result<void> {
        const auto is_first = rewarded.first_time(tx, id);
        if (!is_first) return is_first.error();
        if (!*is_first) return weir::ok();
        const auto given =
            tx.repo<buyer>().update_where(col<&buyer::id> == event.buyer_id, (col<&buyer::points>) += 100);
        if (!given) return given.error();
        return weir::ok();
    };
    co_return co_await db.transaction(body);
}

TEST_CASE("a buyer joins, and points follow") {
    weir::loop loop;
    weir::database db(":memory:");
    weir::repository<buyer> buyers(db);
    weir::orm::outbox_store outbox(db);
    weir::orm::processed_messages rewarded(db, {.consumer = "points"});

    weir::memory_queue queue;
    weir::handled_messages handled;
    auto points = queue.consume(
        loop, {.topic = "buyers", .group = "points"},
        handled.by("buyers", "points", [&](buyer_joined& event, weir::delivery& of) {
            return give_points(db, rewarded, event, of->id);
        }));
    weir::outbox_relay relay(outbox, queue, {.handled = &handled});
    relay.start(loop);

    buyer lin{.name = "Lin"};
    loop.block_on(join(db, outbox, lin)).value();
    while (relay.stats().relayed == 0) loop.run_one();
    CHECK(loop.block_on(buyers.find(lin.id)).value().points == 100);
    loop.block_on(points.stop()).value();
    loop.block_on(relay.stop()).value();
}
