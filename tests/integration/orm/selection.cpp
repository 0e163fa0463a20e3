// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"
#include "orm/sales.hpp"

using namespace weir;
using namespace orm_test;

namespace {

struct market : open_database {
    repository<buyer> buyers = table<buyer>();
    repository<purchase> purchases = table<purchase>();

    explicit market(const backend& chosen) : open_database(chosen) {
        const auto people = some_buyers();
        const auto sold = some_purchases();
        ask(buyers.insert_many(people)).value();
        ask(purchases.insert_many(sold)).value();
    }
};

auto of_their_buyers() { return on(col<&purchase::buyer_id> == col<&buyer::id>); }

struct summary {
    std::int64_t rows{};
    std::int64_t noted{};
    std::int64_t prices{};
    std::int64_t cents{};
    double weight{};
    std::optional<double> average{};
    std::optional<double> average_weight{};
    std::optional<std::string> note{};
    std::optional<weir::wall_time> last{};
};
BOOST_DESCRIBE_STRUCT(summary, (), (rows, noted, prices, cents, weight, average, average_weight, note, last))

struct spent {
    std::string name{};
    std::int64_t purchases{};
    std::int64_t cents{};
    std::optional<std::int64_t> largest{};
};
BOOST_DESCRIBE_STRUCT(spent, (), (name, purchases, cents, largest))

} // namespace

DATABASE_TEST_CASE("aggregates of all rows, and of none") {
    market shop(kind);
    const auto summary_of = [&](predicate<purchase> condition) {
        return shop
            .ask(shop.purchases.where(std::move(condition))
                     .select<summary>(
                         count(), count(col<&purchase::note>), count_distinct(col<&purchase::cents>),
                         sum(col<&purchase::cents>), sum(col<&purchase::weight>), avg(col<&purchase::cents>),
                         avg(col<&purchase::weight>), min(col<&purchase::note>), max(col<&purchase::made_at>))
                     .one())
            .value();
    };
    const summary alice = summary_of(col<&purchase::buyer_id> == 1);
    CHECK(alice.rows == 3);
    CHECK(alice.noted == 1);
    CHECK(alice.prices == 2);
    CHECK(alice.cents == 500);
    CHECK(alice.weight == 250);
    CHECK(alice.average == doctest::Approx(500.0 / 3).epsilon(1e-12));
    CHECK(alice.average_weight == doctest::Approx(250.0 / 3).epsilon(1e-12));
    CHECK(alice.note == "gift");
    CHECK(alice.last == on_day(3));
    const summary missing = summary_of(col<&purchase::buyer_id> == 7);
    CHECK(missing.rows == 0);
    CHECK(missing.cents == 0);
    CHECK(missing.weight == 0);
    CHECK(!missing.average);
    CHECK(!missing.note);
    CHECK(!missing.last);
    CHECK(shop.ask(shop.purchases.rows().sum(col<&purchase::cents>)).value() == 1500);
    CHECK(shop.ask(shop.purchases.rows().min(col<&purchase::made_at>)).value() == on_day(1));
    CHECK(!shop.ask(shop.purchases.where(col<&purchase::cents> < 0).avg(col<&purchase::cents>)).value());
}

DATABASE_TEST_CASE("a sum of integers is exact, and an error if it doesn't fit") {
    market shop(kind);
    purchase vast;
    vast.cents = std::numeric_limits<std::int64_t>::max() - 1500;
    shop.ask(shop.purchases.insert(vast)).value();
    CHECK(shop.ask(shop.purchases.rows().sum(col<&purchase::cents>)).value() ==
          std::numeric_limits<std::int64_t>::max());
    purchase one_more;
    one_more.cents = 1;
    shop.ask(shop.purchases.insert(one_more)).value();
    CHECK(!shop.ask(shop.purchases.rows().sum(col<&purchase::cents>)));
}

DATABASE_TEST_CASE("groups have their conditions, their order and their page") {
    market shop(kind);
    const auto totals = [&] {
        return shop.purchases.where(col<&purchase::paid> == true)
            .group_by(col<&purchase::buyer_id>)
            .having(avg(col<&purchase::weight>) > 0.5 && max(col<&purchase::made_at>) >= on_day(2))
            .order_by(desc(sum(col<&purchase::cents>)))
            .order_by(asc(col<&purchase::buyer_id>));
    };
    auto asked = totals().select<total>(col<&purchase::buyer_id>, count(), sum(col<&purchase::cents>));
    const auto all = shop.ask(std::move(asked).all()).value();
    REQUIRE(all.size() == 2);
    CHECK(all[0].buyer_id == 2);
    CHECK(all[0].cents == 1000);
    CHECK(all[1].purchases == 2);
    auto second = totals().offset(1).limit(1).select<std::int64_t>(col<&purchase::buyer_id>);
    CHECK(shop.ask(std::move(second).all()).value() == std::vector<std::int64_t>{1});
    auto noted =
        shop.purchases.rows()
            .group_by(col<&purchase::note>)
            .having(count() > 1)
            .select<std::optional<std::string>>(col<&purchase::note>);
    CHECK(!shop.ask(std::move(noted).one()).value());
}

DATABASE_TEST_CASE("select fills a smaller struct with some columns") {
    market shop(kind);
    auto asked =
        shop.purchases.where(col<&purchase::cents> > 150).order_by(newest<&purchase::id>).limit(2).select<receipt>();
    const auto receipts = shop.ask(std::move(asked).all()).value();
    REQUIRE(receipts.size() == 2);
    CHECK(receipts[0].id == 4);
    CHECK(receipts[1].cents == 200);
    CHECK(shop.ask(shop.purchases.where(col<&purchase::cents> < 0).select<receipt>().one()).error() == errc::not_found);
}

DATABASE_TEST_CASE("a join's columns of both tables fill one struct") {
    market shop(kind);
    auto asked =
        shop.purchases.where(col<&purchase::cents> > 50)
            .join<buyer>(of_their_buyers())
            .where(col<&buyer::name> == "Bob" || col<&purchase::cents> == 100)
            .order_by(oldest<&purchase::id>)
            .select<sale>(col<&purchase::id>, col<&buyer::name>, col<&purchase::cents>);
    const auto sales = shop.ask(std::move(asked).all()).value();
    REQUIRE(sales.size() == 2);
    CHECK(sales[0].buyer == "Alice");
    CHECK(sales[1].buyer == "Bob");
    CHECK(sales[1].cents == 1000);
    auto paid = shop.purchases.rows().join<buyer>(of_their_buyers()).where(col<&buyer::name> == "Alice");
    CHECK(shop.ask(std::move(paid).all()).value().size() == 3);
}

DATABASE_TEST_CASE("a left join keeps rows without a partner") {
    market shop(kind);
    auto asked =
        shop.buyers.rows()
            .left_join<purchase>(of_their_buyers())
            .where(col<&purchase::id>.is_null() || col<&purchase::cents> == 1000)
            .order_by(oldest<&buyer::id>)
            .select<maybe_sale>(col<&buyer::name>, col<&purchase::cents>, col<&purchase::made_at>);
    const auto sales = shop.ask(std::move(asked).all()).value();
    REQUIRE(sales.size() == 2);
    CHECK(sales[0].made_at == on_day(4));
    CHECK(sales[1].buyer == "Carol");
    CHECK(!sales[1].cents);

    auto grouped =
        shop.buyers.rows()
            .left_join<purchase>(of_their_buyers())
            .group_by(col<&buyer::id>, col<&buyer::name>)
            .order_by(asc(col<&buyer::name>))
            .select<spent>(
                col<&buyer::name>, count(col<&purchase::id>), sum(col<&purchase::cents>), max(col<&purchase::cents>));
    const auto totals = shop.ask(std::move(grouped).all()).value();
    REQUIRE(totals.size() == 3);
    CHECK(totals[0].purchases == 3);
    CHECK(totals[1].largest == 1000);
    CHECK(totals[2].purchases == 0);
    CHECK(totals[2].cents == 0);
    CHECK(!totals[2].largest);
}

DATABASE_TEST_CASE("NULLs come last in every order, ascending and descending") {
    market shop(kind);
    purchase noted;
    noted.buyer_id = 1;
    noted.note = "a";
    shop.ask(shop.purchases.insert(noted)).value(); // besides "gift", the others have none
    const auto first_of = [&](orm::ordering<purchase> order) {
        return shop.ask(shop.purchases.rows().order_by(std::move(order)).order_by(oldest<&purchase::id>).one()).value();
    };
    CHECK(first_of(oldest<&purchase::note>).note == "a");
    CHECK(first_of(newest<&purchase::note>).note == "gift");
    auto up = shop.purchases.rows()
                  .order_by(oldest<&purchase::note>)
                  .select<std::optional<std::string>>(col<&purchase::note>);
    CHECK(shop.ask(std::move(up).all()).value().front() == "a");
    auto locked = [&](transaction& tx) -> result<void> {
        auto rows = tx.rows<purchase>().order_by(newest<&purchase::note>).for_update().all();
        CHECK(rows.value().back().note == std::nullopt);
        return ok();
    };
    CHECK(shop.ask(shop.db.transaction(locked)));

    const auto last_buyer = [&](auto order) {
        auto sales =
            shop.buyers.rows()
                .left_join<purchase>(of_their_buyers())
                .order_by(order)
                .template select<maybe_sale>(col<&buyer::name>, col<&purchase::cents>, col<&purchase::made_at>);
        return shop.ask(std::move(sales).all()).value().back().buyer;
    };
    CHECK(last_buyer(asc(col<&purchase::cents>)) == "Carol"); // who bought nothing
    CHECK(last_buyer(desc(col<&purchase::cents>)) == "Carol");

    const auto last_note = [&](auto order) {
        auto notes =
            shop.purchases.rows()
                .group_by(col<&purchase::buyer_id>)
                .order_by(order)
                .template select<std::int64_t>(col<&purchase::buyer_id>);
        return shop.ask(std::move(notes).all()).value().back();
    };
    CHECK(last_note(asc(max(col<&purchase::note>))) == 2); // Bob's has none
    CHECK(last_note(desc(max(col<&purchase::note>))) == 2);
}
