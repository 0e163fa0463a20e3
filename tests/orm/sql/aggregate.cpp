// SPDX-License-Identifier: MIT
#include "orm/sales.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

struct summary {
    std::int64_t rows{};
    std::int64_t noted{};
    std::int64_t prices{};
    std::int64_t cents{};
    double weight{};
    std::optional<double> average{};
    std::optional<std::int64_t> least{};
    std::optional<weir::wall_time> last{};
};
BOOST_DESCRIBE_STRUCT(summary, (), (rows, noted, prices, cents, weight, average, least, last))

struct sales_fixture {
    loop home;
    database db{":memory:"};
    repository<purchase> purchases{db};

    sales_fixture() { home.block_on(purchases.insert_many(sold)).value(); }

    template<class T>
    T ask(task<result<T>> question) {
        return home.block_on(std::move(question)).value();
    }

    const std::vector<purchase> sold = some_purchases();
};

template<class Column>
concept can_be_summed = requires(Column of) {
    sum(of);
};
template<class Column>
concept can_be_ranked = requires(Column of) {
    max(of);
};
template<class E, class V>
concept can_compare = requires(E left, V right) {
    left > right;
};

static_assert(can_be_summed<orm::column<&purchase::cents>> && can_be_summed<orm::column<&purchase::weight>>);
static_assert(!can_be_summed<orm::column<&purchase::note>> && !can_be_summed<orm::column<&purchase::paid>>);
static_assert(can_be_ranked<orm::column<&purchase::note>> && can_be_ranked<orm::column<&purchase::made_at>>);
static_assert(!can_be_ranked<orm::column<&purchase::paid>> && !can_be_ranked<orm::column<&user::role>>);
static_assert(can_compare<decltype(sum(col<&purchase::cents>)), int>);
static_assert(!can_compare<decltype(sum(col<&purchase::cents>)), std::string>);
static_assert(can_compare<decltype(max(col<&purchase::note>)), const char*>);

} // namespace

TEST_CASE_FIXTURE(sales_fixture, "group_by, having and order_by render the expected SQL") {
    const auto asked =
        purchases.where(col<&purchase::paid> == true)
            .group_by(col<&purchase::buyer_id>)
            .having(sum(col<&purchase::cents>) >= 300 && !(count() > 5))
            .order_by(desc(sum(col<&purchase::cents>)))
            .order_by(asc(col<&purchase::buyer_id>))
            .limit(10)
            .offset(1)
            .select<total>(col<&purchase::buyer_id>, count(), sum(col<&purchase::cents>));
    CHECK(asked.sql() == "SELECT buyer_id, count(*), coalesce(sum(cents), 0) FROM purchases WHERE paid = ? "
                         "GROUP BY buyer_id HAVING (coalesce(sum(cents), 0) >= ? AND NOT (count(*) > ?)) "
                         "ORDER BY coalesce(sum(cents), 0) DESC, buyer_id LIMIT 10 OFFSET 1");
}

TEST_CASE_FIXTURE(sales_fixture, "a group's aggregates fill a described struct") {
    auto asked =
        purchases.rows()
            .group_by(col<&purchase::buyer_id>)
            .order_by(desc(count()))
            .select<total>(col<&purchase::buyer_id>, count(), sum(col<&purchase::cents>));
    const auto totals = ask(std::move(asked).all());
    REQUIRE(totals.size() == 2);
    CHECK(totals[0].buyer_id == 1);
    CHECK(totals[0].purchases == 3);
    CHECK(totals[0].cents == 500);
    CHECK(totals[1].cents == 1000);
}

TEST_CASE_FIXTURE(sales_fixture, "having filters groups, where filters rows first") {
    auto rich =
        purchases.rows()
            .group_by(col<&purchase::buyer_id>)
            .having(sum(col<&purchase::cents>) > 500 || max(col<&purchase::note>) == "gift")
            .having(count() < 3)
            .select<std::int64_t>(col<&purchase::buyer_id>);
    CHECK(ask(std::move(rich).all()) == std::vector<std::int64_t>{2});
    auto paid =
        purchases.where(col<&purchase::paid> == true)
            .group_by(col<&purchase::buyer_id>)
            .having(min(col<&purchase::cents>) <= 100)
            .select<std::int64_t>(sum(col<&purchase::cents>));
    CHECK(ask(std::move(paid).one()) == 300);
}

TEST_CASE_FIXTURE(sales_fixture, "without group_by the aggregates cover all matching rows") {
    const auto summary_of = [&](predicate<purchase> condition) {
        return ask(
            purchases.where(std::move(condition))
                .select<summary>(count(), count(col<&purchase::note>), count_distinct(col<&purchase::cents>),
                                 sum(col<&purchase::cents>), sum(col<&purchase::weight>), avg(col<&purchase::cents>),
                                 min(col<&purchase::cents>), max(col<&purchase::made_at>))
                .one());
    };
    const summary alice = summary_of(col<&purchase::buyer_id> == 1);
    CHECK(alice.rows == 3);
    CHECK(alice.noted == 1);
    CHECK(alice.prices == 2);
    CHECK(alice.cents == 500);
    CHECK(alice.weight == 250);
    CHECK(alice.average == doctest::Approx(500.0 / 3));
    CHECK(alice.least == 100);
    CHECK(alice.last == on_day(3));
    const summary missing = summary_of(col<&purchase::buyer_id> == 7);
    CHECK(missing.rows == 0);
    CHECK(missing.cents == 0);
    CHECK(!missing.average);
    CHECK(!missing.least);
    CHECK(!missing.last);
}

TEST_CASE_FIXTURE(sales_fixture, "a query returns a single aggregate as a value") {
    CHECK(ask(purchases.rows().sum(col<&purchase::cents>)) == 1500);
    CHECK(ask(purchases.rows().sum(col<&purchase::weight>)) == 750.0);
    CHECK(ask(purchases.where(col<&purchase::buyer_id> == 1).avg(col<&purchase::cents>)) == doctest::Approx(500.0 / 3));
    CHECK(ask(purchases.rows().min(col<&purchase::made_at>)) == on_day(1));
    CHECK(ask(purchases.rows().max(col<&purchase::note>)) == "gift");
    CHECK(ask(purchases.rows().order_by(newest<&purchase::id>).limit(1).max(col<&purchase::cents>)) == 1000);
    CHECK(ask(purchases.where(col<&purchase::cents> < 0).sum(col<&purchase::cents>)) == 0);
    CHECK(!ask(purchases.where(col<&purchase::cents> < 0).max(col<&purchase::cents>)));
}

TEST_CASE_FIXTURE(sales_fixture, "a sum that doesn't fit 64 bits is an error") {
    purchase vast;
    vast.cents = std::numeric_limits<std::int64_t>::max();
    home.block_on(purchases.insert(vast)).value();
    CHECK(!home.block_on(purchases.rows().sum(col<&purchase::cents>)));
}

TEST_CASE_FIXTURE(sales_fixture, "select fills a smaller struct by column names or in the listed order") {
    auto by_name = purchases.where(col<&purchase::cents> > 150).order_by(newest<&purchase::id>).select<receipt>();
    CHECK(by_name.sql() == "SELECT id, cents FROM purchases WHERE cents > ? ORDER BY id DESC");
    const auto receipts = ask(std::move(by_name).all());
    REQUIRE(receipts.size() == 3);
    CHECK(receipts[0].id == 4);
    CHECK(receipts[0].cents == 1000);
    auto listed =
        purchases.rows().order_by(oldest<&purchase::id>).select<receipt>(col<&purchase::buyer_id>, col<&purchase::id>);
    const receipt first = ask(std::move(listed).one());
    CHECK(first.id == 1);
    CHECK(first.cents == 1);
    auto notes =
        purchases.rows()
            .order_by(oldest<&purchase::id>)
            .limit(2)
            .select<std::optional<std::string>>(col<&purchase::note>);
    CHECK(ask(std::move(notes).all()) == std::vector<std::optional<std::string>>{"gift", std::nullopt});
}

TEST_CASE_FIXTURE(sales_fixture, "one and first of a selection handle rows and no rows") {
    const auto none = [&] { return purchases.where(col<&purchase::cents> < 0).select<receipt>(); };
    CHECK(home.block_on(none().one()).error() == errc::not_found);
    CHECK(home.block_on(none().one()).error().message() == "no such row in purchases");
    CHECK(!ask(none().first()));
    CHECK(ask(purchases.where(col<&purchase::id> == 4).select<receipt>().first())->cents == 1000);
}

TEST_CASE_FIXTURE(sales_fixture, "aggregates and selections are synchronous in a transaction and in a reader") {
    auto in_transaction = [](transaction& tx) { return tx.repo<purchase>().rows().sum(col<&purchase::cents>); };
    CHECK(home.block_on(db.transaction(in_transaction)).value() == 1500);
    auto in_reader = [](orm::reader& from) {
        return from.rows<purchase>()
            .group_by(col<&purchase::buyer_id>)
            .order_by(asc(col<&purchase::buyer_id>))
            .select<total>(col<&purchase::buyer_id>, count(), sum(col<&purchase::cents>))
            .all();
    };
    CHECK(home.block_on(db.read(in_reader)).value().at(1).cents == 1000);
}
