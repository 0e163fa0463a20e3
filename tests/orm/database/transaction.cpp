// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

#include <future>
#include <new>

using namespace weir;
using namespace orm_test;

namespace {

struct shop_fixture {
    temporary_folder files;
    loop home;
    database db{files / "shop.db"};
    repository<product> products{db};
    product tea;

    shop_fixture() {
        home.block_on(products.auto_migrate()).value();
        tea.name = "tea";
        tea.stock = 10;
        home.block_on(products.insert(tea)).value();
    }

    std::int64_t stock() { return home.block_on(products.find(tea.id)).value().stock; }

    result<std::size_t> take(transaction& tx, std::int64_t n) {
        return tx.repo<product>().update_where(
            col<&product::id> == tea.id && col<&product::stock> >= n, (col<&product::stock>) -= n);
    }
};

} // namespace

TEST_CASE_FIXTURE(shop_fixture, "a transaction commits if its body returns a value") {
    auto body = [&](transaction& tx) -> result<std::int64_t> {
        product cake;
        cake.name = "cake";
        if (auto added = tx.insert(cake); !added) return added.error();
        if (auto taken = take(tx, 3); !taken) return taken.error();
        auto left = tx.find<product>(tea.id);
        if (!left) return left.error();
        return left->stock;
    };
    CHECK(home.block_on(db.transaction(body)).value() == 7);
    CHECK(stock() == 7);
    CHECK(home.block_on(products.count()).value() == 2);
}

TEST_CASE_FIXTURE(shop_fixture, "an error from the body rolls everything back") {
    auto body = [&](transaction& tx) -> result<void> {
        if (auto taken = take(tx, 3); !taken) return taken.error();
        return error(errc::conflict, "changed my mind");
    };
    CHECK(home.block_on(db.transaction(body)).error().message() == "changed my mind");
    CHECK(stock() == 10);
}

TEST_CASE_FIXTURE(shop_fixture, "an exception from the body rolls everything back and becomes an error") {
    auto body = [&](transaction& tx) -> result<void> {
        take(tx, 3).value();
        throw std::runtime_error("bug");
    };
    const auto failed = home.block_on(db.transaction(body));
    CHECK(failed.error() == errc::internal);
    CHECK(failed.error().cause().message() == "bug");
    CHECK(stock() == 10);
}

TEST_CASE_FIXTURE(shop_fixture,
                  "a body that runs out of memory is unavailable and rolled back, and the database goes on") {
    auto body = [&](transaction& tx) -> result<void> {
        take(tx, 3).value();
        throw std::bad_alloc();
    };
    CHECK(home.block_on(db.transaction(body)).error() == errc::unavailable);
    CHECK(stock() == 10);
}

TEST_CASE_FIXTURE(shop_fixture, "a failed statement that the body ignores doesn't undo the others") {
    auto body = [&](transaction& tx) -> result<void> {
        product twin = tea;
        CHECK(tx.insert(twin).error() == errc::already_exists);
        if (auto taken = take(tx, 1); !taken) return taken.error();
        return ok();
    };
    CHECK(home.block_on(db.transaction(body)));
    CHECK(stock() == 9);
}

TEST_CASE_FIXTURE(shop_fixture, "the conditional update doesn't sell what isn't in stock") {
    auto body = [&](transaction& tx) -> result<std::size_t> { return take(tx, 11); };
    CHECK(home.block_on(db.transaction(body)).value() == 0);
    CHECK(stock() == 10);
}

TEST_CASE_FIXTURE(shop_fixture, "a transaction has queries, raw statements, update and erase") {
    auto body = [&](transaction& tx) -> result<std::vector<std::int64_t>> {
        product row = tea;
        row.stock = 5;
        tx.update(row).value();
        tx.execute("UPDATE products SET stock = stock * ?", 3).value();
        auto seen = tx.query<std::int64_t>("SELECT stock FROM products");
        CHECK(tx.where(col<&product::stock> == 15).count().value() == 1);
        CHECK(tx.where<product>(col<&product::stock> == 15).one().value().name == "tea");
        tx.erase<product>(tea.id).value();
        return seen;
    };
    CHECK(home.block_on(db.transaction(body)).value() == std::vector<std::int64_t>{15});
    CHECK(home.block_on(products.count()).value() == 0);
}

TEST_CASE_FIXTURE(shop_fixture, "readers see nothing of a transaction before its commit") {
    std::promise<void> changed;
    std::promise<void> looked;
    auto body = [&](transaction& tx) -> result<void> {
        take(tx, 3).value();
        changed.set_value();
        looked.get_future().wait();
        return ok();
    };
    bool done = false;
    auto work = [&]() -> task<void> { done = (co_await db.transaction(body)).has_value(); };
    home.spawn(work());
    home.poll();
    changed.get_future().wait();
    CHECK(stock() == 10);
    looked.set_value();
    while (!done) home.run_one();
    CHECK(stock() == 7);
}

TEST_CASE_FIXTURE(shop_fixture, "a cancelled transaction is interrupted and rolled back") {
    std::promise<void> begun;
    auto body = [&](transaction& tx) -> result<void> {
        take(tx, 3).value();
        begun.set_value();
        auto counted = tx.query<std::int64_t>(endless);
        if (!counted) return counted.error();
        return ok();
    };
    pending<void> call(home, db.transaction(body));
    begun.get_future().wait();
    call.stop();
    CHECK(call.wait_on(home).error() == errc::cancelled);
    CHECK(stock() == 10);
}

TEST_CASE_FIXTURE(shop_fixture, "a cancelled transaction isn't committed even if its body reaches the end") {
    std::promise<void> begun;
    std::promise<void> cancelled;
    auto body = [&](transaction& tx) -> result<void> {
        take(tx, 3).value();
        begun.set_value();
        cancelled.get_future().wait();
        return ok();
    };
    pending<void> call(home, db.transaction(body));
    begun.get_future().wait();
    call.stop();
    cancelled.set_value();
    CHECK(call.wait_on(home).error() == errc::cancelled);
    CHECK(stock() == 10);
}

TEST_CASE_FIXTURE(shop_fixture, "after an interrupted write the rest of its transaction is refused") {
    manual_clock time;
    loop timed(time);
    timed.root_context().set_deadline(time.now() + std::chrono::seconds(1));
    bool started = false;
    auto body = [&](transaction& tx) -> result<void> {
        take(tx, 3).value();
        time.advance(std::chrono::seconds(2));
        started = true;
        CHECK(take(tx, 1).error() == errc::deadline_exceeded);
        return ok();
    };
    CHECK(timed.block_on(db.transaction(body)).error() == errc::deadline_exceeded);
    CHECK(started);
    CHECK(stock() == 10);
}

TEST_CASE_FIXTURE(shop_fixture, "a deferred constraint fails the commit, and nothing is stored") {
    CHECK(home.block_on(db.execute("CREATE TABLE line (product INTEGER REFERENCES products(id) "
                                   "DEFERRABLE INITIALLY DEFERRED)")));
    auto body = [&](transaction& tx) -> result<void> {
        take(tx, 3).value();
        auto added = tx.execute("INSERT INTO line VALUES (999)");
        CHECK(added.has_value());
        return ok();
    };
    CHECK(home.block_on(db.transaction(body)).error() == errc::conflict);
    CHECK(stock() == 10);
    CHECK(home.block_on(db.query<std::int64_t>("SELECT count(*) FROM line")).value().front() == 0);
}

TEST_CASE_FIXTURE(shop_fixture, "read runs several queries in one job") {
    auto body = [&](orm::reader& r) -> result<std::string> {
        const auto found = r.find<product>(tea.id);
        if (!found) return found.error();
        const auto all = r.where<product>(col<&product::stock> > 0).all();
        if (!all) return all.error();
        return found->name + " " + std::to_string(all->size());
    };
    const auto before = db.stats().reading.completed;
    CHECK(home.block_on(db.read(body)).value() == "tea 1");
    CHECK(db.stats().reading.completed == before + 1);
}

TEST_CASE_FIXTURE(shop_fixture, "readers can't write") {
    auto sneaky = db.query<std::int64_t>("UPDATE products SET stock = 0 RETURNING stock");
    CHECK(home.block_on(std::move(sneaky)).error() == errc::unavailable);
    CHECK(stock() == 10);
}
