// SPDX-License-Identifier: MIT
// labels: concurrency
#include "orm/support.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

using namespace weir;
using namespace orm_test;

namespace {

struct busy_shop_fixture {
    temporary_folder files;
    database db{files / "shop.db"};
    repository<product> products{db};
    product tea;

    busy_shop_fixture() {
        loop home;
        home.block_on(products.auto_migrate()).value();
        tea.stock = 50;
        home.block_on(products.insert(tea)).value();
    }

    task<result<void>> buy_one() {
        auto body = [this](transaction& tx) -> result<void> {
            const auto left = tx.find<product>(tea.id);
            if (!left) return left.error();
            const auto taken = tx.repo<product>().update_where(
                col<&product::id> == tea.id && col<&product::stock> >= 1, (col<&product::stock>) -= 1);
            if (!taken) return taken.error();
            if (*taken == 0) return error(errc::conflict, "sold out").with_code("out_of_stock");
            return ok();
        };
        co_return co_await db.transaction(body);
    }

    // Runs this many concurrent customers on their own loop; returns how many got one.
    int customers(int many) {
        loop home;
        int served = 0;
        int ended = 0;
        auto customer = [&]() -> task<void> {
            const auto bought = co_await buy_one();
            served += bought.has_value();
            if (!bought) CHECK(bought.error().code() == "out_of_stock");
            ++ended;
        };
        for (int i = 0; i < many; ++i) home.spawn(customer());
        while (ended < many) home.run_one();
        return served;
    }
};

} // namespace

TEST_CASE_FIXTURE(busy_shop_fixture, "200 customers on two loops buy exactly the 50 items in stock") {
    auto others = std::async(std::launch::async, [this] { return customers(100); });
    const int here = customers(100);
    CHECK(here + others.get() == 50);
    loop home;
    CHECK(home.block_on(products.find(tea.id)).value().stock == 0);
}

TEST_CASE_FIXTURE(busy_shop_fixture, "readers on two loops see whole rows while a writer writes") {
    std::atomic<bool> stop = false;
    const auto read = [&] {
        loop home;
        int seen = 0;
        while (!stop || seen == 0) {
            const product row = home.block_on(products.find(tea.id)).value();
            CHECK(row.name == std::to_string(row.stock));
            ++seen;
        }
        return seen;
    };
    loop home;
    tea.name = "50";
    home.block_on(products.update(tea)).value();
    auto first = std::async(std::launch::async, read);
    auto second = std::async(std::launch::async, read);
    for (int i = 0; i < 200; ++i) {
        tea.stock = i;
        tea.name = std::to_string(i);
        home.block_on(products.update(tea)).value();
    }
    stop = true;
    CHECK(first.get() > 0);
    CHECK(second.get() > 0);
}

TEST_CASE_FIXTURE(busy_shop_fixture, "two programs that migrate at the same time don't collide") {
    const auto migrate = [this] {
        loop home;
        database mine(files / "shop.db");
        return home.block_on(repository<user>(mine).auto_migrate()).has_value();
    };
    auto other = std::async(std::launch::async, migrate);
    CHECK(migrate());
    CHECK(other.get());
}
