// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"
#include "orm/sales.hpp"

#include <algorithm>

using namespace weir;
using namespace orm_test;

namespace {

// 24 purchases, many of them equal in each column except the key.
std::vector<purchase> many_equal() {
    std::vector<purchase> made;
    for (int i = 0; i < 24; ++i) {
        purchase one;
        one.buyer_id = i % 2;
        one.cents = i % 3;
        one.weight = 0.1 * (i % 4);
        one.made_at = on_day(static_cast<unsigned>(1 + i % 5));
        if (i % 3 != 0) one.note = i % 3 == 1 ? "b" : "a";
        made.push_back(one);
    }
    return made;
}

struct paged_shop : open_database {
    repository<purchase> purchases = table<purchase>();

    explicit paged_shop(const backend& chosen) : open_database(chosen) {
        const auto all = many_equal();
        ask(purchases.insert_many(all)).value();
    }

    // The keys of all rows, read in pages of five.
    template<class Ordered>
    std::vector<std::int64_t> paged(Ordered ordered) {
        std::vector<std::int64_t> keys;
        std::optional<purchase> last;
        for (std::size_t got = 5; got == 5;) {
            auto rows = ask(ordered(purchases.rows()).after(last).limit(5).all()).value();
            got = rows.size();
            for (const auto& row : rows) keys.push_back(row.id);
            if (got != 0) last = rows.back();
        }
        return keys;
    }

    template<class Before>
    std::vector<std::int64_t> sorted(Before before) {
        auto rows = many_equal();
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i].id = static_cast<std::int64_t>(i + 1);
        std::ranges::sort(rows, before);
        std::vector<std::int64_t> keys;
        for (const auto& row : rows) keys.push_back(row.id);
        return keys;
    }
};

} // namespace

DATABASE_TEST_CASE("pages show each row once, in any order") {
    paged_shop on(kind);
    CHECK(on.paged([](auto rows) { return rows; }) ==
          on.sorted([](const purchase& a, const purchase& b) { return a.id < b.id; }));
    CHECK(on.paged([](auto rows) { return std::move(rows).order_by(newest<&purchase::made_at>); }) ==
          on.sorted([](const purchase& a, const purchase& b) {
              return std::pair(a.made_at, a.id) > std::pair(b.made_at, b.id);
          }));
    const auto mixed = [](auto rows) {
        return std::move(rows)
            .order_by(newest<&purchase::weight>)
            .order_by(oldest<&purchase::cents>)
            .order_by(newest<&purchase::id>);
    };
    CHECK(on.paged(mixed) == on.sorted([](const purchase& a, const purchase& b) {
        return std::tuple(-a.weight, a.cents, -a.id) < std::tuple(-b.weight, b.cents, -b.id);
    }));
}

DATABASE_TEST_CASE("in pages NULLs come last, ascending and descending") {
    paged_shop on(kind);
    const auto by_note = [](const purchase& a, const purchase& b) {
        return std::tuple(!a.note, a.note, a.id) < std::tuple(!b.note, b.note, b.id);
    };
    CHECK(on.paged([](auto rows) { return std::move(rows).order_by(oldest<&purchase::note>); }) == on.sorted(by_note));
    const auto back_by_note = [](const purchase& a, const purchase& b) {
        return std::tuple(!a.note, b.note, a.cents, a.id) < std::tuple(!b.note, a.note, b.cents, b.id);
    };
    const auto down = [](auto rows) {
        return std::move(rows).order_by(newest<&purchase::note>).order_by(oldest<&purchase::cents>);
    };
    CHECK(on.paged(down) == on.sorted(back_by_note));
    CHECK(on.paged([](auto rows) {
                return std::move(rows).order_by(oldest<&purchase::id>).order_by(newest<&purchase::note>);
            }).size() == 24);
}

DATABASE_TEST_CASE("a page keeps its conditions, and concurrent inserts shift no rows") {
    paged_shop on(kind);
    const auto page = [&](const std::optional<purchase>& last) {
        auto asked =
            on.purchases.where(col<&purchase::buyer_id> == 1).order_by(newest<&purchase::made_at>).after(last).limit(4);
        return on.ask(std::move(asked).all()).value();
    };
    const auto first = page(std::nullopt);
    purchase fresh;
    fresh.buyer_id = 1;
    fresh.made_at = on_day(28);
    on.ask(on.purchases.insert(fresh)).value();
    const auto second = page(first.back());
    REQUIRE(second.size() == 4);
    for (const auto& row : second) {
        CHECK(row.buyer_id == 1);
        CHECK(std::pair(row.made_at, row.id) < std::pair(first.back().made_at, first.back().id));
    }
    auto rest = on.purchases.rows().order_by(newest<&purchase::made_at>).after(fresh);
    CHECK(on.ask(std::move(rest).count()).value() == 24);
}
