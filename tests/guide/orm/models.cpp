// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/orm.hpp>

#include <doctest/doctest.h>

#include <iostream>

struct customer {
    std::int64_t id{};
    std::string openid{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(customer, (), (id, openid, name))

template<>
inline constexpr auto weir::schema<customer> =
    weir::table("customers")
        .key(&customer::id)
        .field(&customer::openid, weir::unique)
        .field(&customer::name, weir::max_length(40));

struct voucher {
    std::int64_t id{};
    std::int64_t customer_id{};
    std::string code{};
    int percent{};
    std::optional<weir::wall_time> used_at{};
};
BOOST_DESCRIBE_STRUCT(voucher, (), (id, customer_id, code, percent, used_at))

template<>
inline constexpr auto weir::schema<voucher> =
    weir::table("vouchers")
        .key(&voucher::id)
        .field(&voucher::customer_id, weir::references(&customer::id, weir::on_delete::cascade))
        .field(&voucher::code, weir::max_length(20))
        .unique(&voucher::customer_id, &voucher::code)
        .index(&voucher::code, &voucher::used_at)
        .check("percent_is_a_share", "percent BETWEEN 1 AND 100");

weir::task<weir::result<void>> prepare(weir::database& db) {
    const auto plan = co_await weir::plan_migration<customer, voucher>(db);
    if (!plan) co_return plan.error();
    std::cout << plan->text(); // a dry run: nothing has changed yet
    co_return co_await weir::auto_migrate<customer, voucher>(db);
}

weir::result<void> halve(weir::transaction& tx) {
    const auto changed = tx.execute("UPDATE vouchers SET percent = percent / 2 WHERE percent > 50");
    if (!changed) return changed.error();
    return weir::ok();
}

weir::versioned_migrations history() {
    return weir::versioned_migrations()
        .step(1, "drop old campaigns", {"DELETE FROM vouchers WHERE code LIKE '2024%'"})
        .step(2, "halve large vouchers", halve);
}

weir::task<weir::result<std::size_t>> upgrade(weir::database& db) {
    const auto steps = history();
    co_return co_await steps.apply(db);
}

namespace {

struct shop {
    weir::loop home;
    weir::database db{":memory:"};
    weir::repository<voucher> vouchers{db};

    shop() { home.block_on(prepare(db)).value(); }

    weir::error refusal(voucher made) { return home.block_on(vouchers.insert(made)).error(); }
};

voucher voucher_for(std::int64_t customer_id) {
    voucher made;
    made.customer_id = customer_id;
    made.code = "2026-spring";
    made.percent = 80;
    return made;
}

} // namespace

TEST_CASE("the guide's models enforce their rules") {
    shop on;
    const weir::repository<customer> customers(on.db);
    customer alice;
    CHECK(on.home.block_on(customers.insert(alice)));
    voucher first = voucher_for(alice.id);
    CHECK(on.home.block_on(on.vouchers.insert(first)));

    CHECK(on.refusal(voucher_for(alice.id)).message() == "customer_id, code is already taken");
    CHECK(on.refusal(voucher_for(77)) == weir::errc::conflict);
    voucher much = voucher_for(alice.id);
    much.code = "too much";
    much.percent = 101;
    CHECK(on.refusal(much).details().front().field == "percent_is_a_share");
    much.code = "a code that is too long";
    CHECK(on.refusal(much).details().front().field == "code");

    CHECK(on.home.block_on(customers.erase(alice.id)));
    CHECK(on.home.block_on(on.vouchers.count()).value() == 0);
}

TEST_CASE("the guide's migrations run once") {
    shop on;
    CHECK(on.home.block_on(weir::plan_migration<customer, voucher>(on.db)).value().empty());
    customer alice;
    CHECK(on.home.block_on(weir::repository<customer>(on.db).insert(alice)));
    voucher large = voucher_for(alice.id);
    CHECK(on.home.block_on(on.vouchers.insert(large)));
    CHECK(on.home.block_on(upgrade(on.db)).value() == 2);
    CHECK(on.home.block_on(upgrade(on.db)).value() == 0);
    CHECK(on.home.block_on(on.vouchers.find(large.id)).value().percent == 40);
}
