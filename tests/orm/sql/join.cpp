// SPDX-License-Identifier: MIT
#include "orm/sales.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

struct market_fixture {
    loop home;
    database db{":memory:"};
    repository<buyer> buyers{db};
    repository<purchase> purchases{db};
    repository<product> products{db};
    const std::vector<buyer> people = some_buyers();
    const std::vector<purchase> sold = some_purchases();

    market_fixture() {
        home.block_on(buyers.insert_many(people)).value();
        home.block_on(purchases.insert_many(sold)).value();
    }

    template<class T>
    T ask(task<result<T>> question) {
        return home.block_on(std::move(question)).value();
    }

    static auto of_their_buyers() { return on(col<&purchase::buyer_id> == col<&buyer::id>); }
};

struct spent {
    std::string name{};
    std::int64_t purchases{};
    std::int64_t cents{};
    std::optional<std::int64_t> largest{};
};
BOOST_DESCRIBE_STRUCT(spent, (), (name, purchases, cents, largest))

} // namespace

TEST_CASE_FIXTURE(market_fixture, "a join qualifies its columns with their tables") {
    const auto asked =
        purchases.where(col<&purchase::cents> >= 200)
            .join<buyer>(of_their_buyers())
            .where(col<&buyer::name> == "Alice" || col<&purchase::cents> == col<&buyer::id>)
            .order_by(newest<&purchase::cents>)
            .order_by(asc(col<&buyer::name>))
            .limit(5)
            .select<sale>(col<&purchase::id>, col<&buyer::name>, col<&purchase::cents>);
    CHECK(asked.sql() ==
          "SELECT purchases.id, buyers.name, purchases.cents FROM purchases "
          "JOIN buyers ON purchases.buyer_id = buyers.id "
          "WHERE (purchases.cents >= ? AND (buyers.name = ? OR purchases.cents = buyers.id)) "
          "ORDER BY purchases.cents DESC, buyers.name LIMIT 5");
}

TEST_CASE_FIXTURE(market_fixture, "columns of both tables fill one struct") {
    auto asked =
        purchases.rows()
            .join<buyer>(of_their_buyers())
            .where(col<&buyer::name> == "Bob" || col<&purchase::cents> == 100)
            .order_by(oldest<&purchase::id>)
            .select<sale>(col<&purchase::id>, col<&buyer::name>, col<&purchase::cents>);
    const auto sales = ask(std::move(asked).all());
    REQUIRE(sales.size() == 2);
    CHECK(sales[0].buyer == "Alice");
    CHECK(sales[0].cents == 100);
    CHECK(sales[1].purchase_id == 4);
    CHECK(sales[1].buyer == "Bob");
}

TEST_CASE_FIXTURE(market_fixture, "a left join keeps rows without a partner, with empty columns") {
    auto asked =
        buyers.rows()
            .left_join<purchase>(of_their_buyers())
            .where(col<&buyer::name> != "Alice")
            .order_by(oldest<&buyer::id>)
            .select<maybe_sale>(col<&buyer::name>, col<&purchase::cents>, col<&purchase::made_at>);
    const auto sales = ask(std::move(asked).all());
    REQUIRE(sales.size() == 2);
    CHECK(sales[0].buyer == "Bob");
    CHECK(sales[0].cents == 1000);
    CHECK(sales[0].made_at == on_day(4));
    CHECK(sales[1].buyer == "Carol");
    CHECK(!sales[1].cents);
    CHECK(!sales[1].made_at);
}

TEST_CASE_FIXTURE(market_fixture, "joined rows are grouped and counted, rows without a partner as 0") {
    auto asked =
        buyers.rows()
            .left_join<purchase>(of_their_buyers())
            .group_by(col<&buyer::id>, col<&buyer::name>)
            .having(count(col<&purchase::id>) < 3)
            .order_by(asc(col<&buyer::name>))
            .select<spent>(
                col<&buyer::name>, count(col<&purchase::id>), sum(col<&purchase::cents>), max(col<&purchase::cents>));
    const auto totals = ask(std::move(asked).all());
    REQUIRE(totals.size() == 2);
    CHECK(totals[0].name == "Bob");
    CHECK(totals[0].largest == 1000);
    CHECK(totals[1].name == "Carol");
    CHECK(totals[1].purchases == 0);
    CHECK(totals[1].cents == 0);
    CHECK(!totals[1].largest);
}

TEST_CASE_FIXTURE(market_fixture, "rows of the first table can be filtered by joined columns") {
    auto from_kunming = [&] {
        return purchases.where(col<&purchase::paid> == true)
            .join<buyer>(of_their_buyers())
            .where(col<&buyer::city> == "Kunming");
    };
    const auto found = ask(from_kunming().order_by(oldest<&purchase::id>).offset(1).all());
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == 2);
    CHECK(found[0].made_at == on_day(2));
    CHECK(ask(from_kunming().limit(1).count()) == 2);
}

TEST_CASE_FIXTURE(market_fixture, "three tables join, each on the previous ones") {
    product gift;
    gift.name = "gift";
    home.block_on(products.insert(gift)).value();
    auto asked =
        purchases.rows()
            .join<buyer>(of_their_buyers())
            .join<product>(on(col<&purchase::note> == col<&product::name> && col<&product::id> == 1))
            .select<sale>(col<&purchase::id>, col<&product::name>, col<&purchase::cents>);
    const auto sales = ask(std::move(asked).all());
    REQUIRE(sales.size() == 1);
    CHECK(sales[0].buyer == "gift");
}

TEST_CASE_FIXTURE(market_fixture, "joins are synchronous in a transaction and in a reader") {
    auto in_transaction = [](transaction& tx) {
        return tx.repo<purchase>().rows().join<buyer>(of_their_buyers()).count();
    };
    CHECK(home.block_on(db.transaction(in_transaction)).value() == 4);
    auto in_reader = [](orm::reader& from) {
        return from.where<buyer>(col<&buyer::id> == 3).left_join<purchase>(of_their_buyers()).all();
    };
    CHECK(home.block_on(db.read(in_reader)).value().at(0).name == "Carol");
}
