// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/orm.hpp>

#include <doctest/doctest.h>

using weir::col;
using weir::newest;

struct member {
    std::int64_t id{};
    std::string openid{};
    std::string name{};
    std::optional<std::string> city{};
};
BOOST_DESCRIBE_STRUCT(member, (), (id, openid, name, city))

struct order {
    std::int64_t id{};
    std::int64_t member_id{};
    std::int64_t cents{};
    bool paid{};
    weir::wall_time made_at{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, member_id, cents, paid, made_at))

template<>
inline constexpr auto weir::schema<member> =
    weir::table("members").key(&member::id).field(&member::openid, weir::unique);
template<>
inline constexpr auto weir::schema<order> = weir::table("orders").key(&order::id).field(&order::member_id, weir::index);

weir::task<weir::result<std::vector<member>>> members_named(weir::repository<member>& members, std::string_view text) {
    return members.where(col<&member::name>.contains(text) && !col<&member::city>.is_null())
        .order_by(newest<&member::id>)
        .limit(20)
        .all();
}

struct receipt {
    std::int64_t id{};
    std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(receipt, (), (id, cents))

weir::task<weir::result<std::vector<receipt>>> receipts_of(weir::repository<order>& orders, std::int64_t member_id) {
    return orders.where(col<&order::member_id> == member_id).select<receipt>().all();
}

struct spent {
    std::int64_t member_id{};
    std::int64_t orders{};
    std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(spent, (), (member_id, orders, cents))

weir::task<weir::result<std::vector<spent>>> best_members(weir::repository<order>& orders) {
    return orders.where(col<&order::paid> == true)
        .group_by(col<&order::member_id>)
        .having(sum(col<&order::cents>) >= 10'000)
        .order_by(desc(sum(col<&order::cents>)))
        .limit(10)
        .select<spent>(col<&order::member_id>, weir::count(), sum(col<&order::cents>))
        .all();
}

weir::task<weir::result<std::int64_t>> turnover(weir::repository<order>& orders) {
    return orders.where(col<&order::paid> == true).sum(col<&order::cents>);
}

struct visit {
    std::string name{};
    std::optional<std::int64_t> cents{}; // nothing for a member without orders
};
BOOST_DESCRIBE_STRUCT(visit, (), (name, cents))

weir::task<weir::result<std::vector<visit>>> visits(weir::repository<member>& members) {
    return members.where(col<&member::city> == "Kunming")
        .left_join<order>(on(col<&order::member_id> == col<&member::id>))
        .order_by(asc(col<&member::name>))
        .select<visit>(col<&member::name>, col<&order::cents>)
        .all();
}

weir::task<weir::result<void>> greet(weir::repository<member>& members, member& who) {
    co_return co_await members.upsert(who, col<&member::openid>); // who.id is that of the row, inserted or existing
}

weir::task<weir::result<void>> rename(weir::repository<member>& members, member& who, std::string name) {
    who.name = std::move(name);
    co_return co_await members.update(who, col<&member::name>);
}

weir::result<std::vector<order>> take_unpaid(weir::transaction& tx) {
    return tx.where<order>(col<&order::paid> == false)
        .order_by(weir::oldest<&order::id>)
        .limit(10)
        .for_update(weir::skip_locked)
        .all();
}

weir::task<weir::result<std::vector<order>>> page(weir::repository<order>& orders, std::optional<order> last_seen) {
    return orders.rows().order_by(newest<&order::made_at>).after(last_seen).limit(20).all();
}

weir::task<weir::result<std::size_t>> export_orders(weir::repository<order>& orders, std::string& csv) {
    auto line = [&csv](const order& row) { csv += std::to_string(row.id) + "," + std::to_string(row.cents) + "\n"; };
    co_return co_await orders.rows().order_by(newest<&order::id>).each(line);
}

TEST_CASE("the guide's queries return what it says") {
    weir::loop home;
    weir::database db(":memory:");
    weir::repository<member> members(db);
    weir::repository<order> orders(db);

    member alice{.openid = "wx-1", .name = "Alice", .city = "Kunming"};
    CHECK(home.block_on(greet(members, alice)));
    member again{.openid = "wx-1", .name = "Alicia", .city = "Kunming"};
    CHECK(home.block_on(greet(members, again)));
    CHECK(again.id == alice.id);
    CHECK(home.block_on(visits(members)).value().at(0).cents == std::nullopt);

    std::vector<order> bought;
    for (const std::int64_t cents : {4'000, 5'000, 6'000})
        bought.push_back({.member_id = alice.id, .cents = cents, .paid = cents != 4'000});
    CHECK(home.block_on(orders.insert_many(bought)));
    CHECK(home.block_on(members_named(members, "lici")).value().size() == 1);
    CHECK(home.block_on(receipts_of(orders, alice.id)).value().at(2).cents == 6'000);
    CHECK(home.block_on(best_members(orders)).value().at(0).cents == 11'000);
    CHECK(home.block_on(turnover(orders)).value() == 11'000);
    CHECK(home.block_on(visits(members)).value().size() == 3);
    CHECK(home.block_on(rename(members, alice, "Ali")));
    CHECK(home.block_on(members.find(alice.id)).value().name == "Ali");
    CHECK(home.block_on(db.transaction(take_unpaid)).value().size() == 1);
    const auto first = home.block_on(page(orders, std::nullopt)).value();
    REQUIRE(first.size() == 3);
    CHECK(first[0].id == 3);
    CHECK(home.block_on(page(orders, first[1])).value().size() == 1);
    std::string csv;
    CHECK(home.block_on(export_orders(orders, csv)).value() == 3);
    CHECK(csv == "3,6000\n2,5000\n1,4000\n");
}
