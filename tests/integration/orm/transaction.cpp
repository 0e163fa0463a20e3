// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/orm/backends.hpp"

#include <atomic>
#include <future>
#include <latch>

using namespace weir;
using namespace orm_test;

namespace {

struct shop : open_database {
    repository<product> products = table<product>();
    product tea;

    explicit shop(const backend& chosen) : open_database(chosen) {
        tea.name = "tea";
        tea.stock = 10;
        ask(products.insert(tea)).value();
    }

    std::int64_t stock() { return ask(products.find(tea.id)).value().stock; }

    result<std::size_t> take(transaction& tx, std::int64_t n) {
        return tx.repo<product>().update_where(
            col<&product::id> == tea.id && col<&product::stock> >= n, (col<&product::stock>) -= n);
    }
};

} // namespace

DATABASE_TEST_CASE("a transaction commits if its body returns a value") {
    shop on(kind);
    auto body = [&](transaction& tx) -> result<std::int64_t> {
        product cake;
        cake.name = "cake";
        if (auto added = tx.insert(cake); !added) return added.error();
        if (auto taken = on.take(tx, 3); !taken) return taken.error();
        auto left = tx.find<product>(on.tea.id);
        if (!left) return left.error();
        return left->stock;
    };
    CHECK(on.ask(on.db.transaction(body)).value() == 7);
    CHECK(on.stock() == 7);
    CHECK(on.ask(on.products.count()).value() == 2);
}

DATABASE_TEST_CASE("an error or an exception from the body rolls everything back") {
    shop on(kind);
    auto changes_its_mind = [&](transaction& tx) -> result<void> {
        if (auto taken = on.take(tx, 3); !taken) return taken.error();
        return error(errc::conflict, "changed my mind");
    };
    CHECK(on.ask(on.db.transaction(changes_its_mind)).error().message() == "changed my mind");
    auto has_a_bug = [&](transaction& tx) -> result<void> {
        on.take(tx, 3).value();
        throw std::runtime_error("bug");
    };
    CHECK(on.ask(on.db.transaction(has_a_bug)).error() == errc::internal);
    CHECK(on.stock() == 10);
}

DATABASE_TEST_CASE("after a failed statement the others remain, or the whole transaction is lost") {
    shop on(kind);
    auto body = [&](transaction& tx) -> result<std::size_t> {
        product twin = on.tea;
        CHECK(tx.insert(twin).error() == errc::already_exists);
        return on.take(tx, 1);
    };
    const auto done = on.ask(on.db.transaction(body));
    if (kind.failure_ends_transaction) {
        CHECK(done.error() == errc::already_exists);
        CHECK(on.stock() == 10);
    } else {
        CHECK(done);
        CHECK(on.stock() == 9);
    }
    CHECK(on.ask(on.db.transaction([&](transaction& tx) { return on.take(tx, 1); })));
}

DATABASE_TEST_CASE("a transaction that always conflicts with others runs five times") {
    shop on(kind);
    int runs = 0;
    auto body = [&](transaction& tx) -> result<void> {
        ++runs;
        on.take(tx, 1).value();
        return error(errc::conflict, "another was faster").with_code("try_again");
    };
    CHECK(on.ask(on.db.transaction(body)).error().code() == "try_again");
    CHECK(runs == 5);
    CHECK(on.stock() == 10);
}

DATABASE_TEST_CASE("100 customers on two loops buy exactly the 50 items in stock") {
    shop on(kind);
    on.tea.stock = 50;
    on.ask(on.products.update(on.tea)).value();
    const auto customers = [&] {
        loop home;
        int served = 0;
        int ended = 0;
        auto customer = [&]() -> task<void> {
            auto body = [&](transaction& tx) { return on.take(tx, 1); };
            const auto bought = co_await on.db.transaction(body);
            served += bought.value() == 1;
            ++ended;
        };
        for (int i = 0; i < 50; ++i) home.spawn(customer());
        const auto all_ended = [&] { return ended == 50; };
        while (!all_ended()) home.run_one();
        return served;
    };
    auto others = std::async(std::launch::async, customers);
    const int here = customers();
    CHECK(here + others.get() == 50);
    CHECK(on.stock() == 0);
}

DATABASE_TEST_CASE("readers see nothing of a transaction before its commit") {
    shop on(kind);
    std::promise<void> changed;
    std::promise<void> looked;
    auto body = [&](transaction& tx) -> result<void> {
        on.take(tx, 3).value();
        changed.set_value();
        looked.get_future().wait();
        return ok();
    };
    pending<void> call(on.home, on.db.transaction(body));
    changed.get_future().wait();
    CHECK(on.stock() == 10);
    looked.set_value();
    CHECK(call.wait_on(on.home));
    CHECK(on.stock() == 7);
}

DATABASE_TEST_CASE("a cancelled transaction isn't committed even if its body reaches the end") {
    shop on(kind);
    std::promise<void> begun;
    std::promise<void> cancelled;
    auto body = [&](transaction& tx) -> result<void> {
        on.take(tx, 3).value();
        begun.set_value();
        cancelled.get_future().wait();
        return ok();
    };
    pending<void> call(on.home, on.db.transaction(body));
    begun.get_future().wait();
    call.stop();
    cancelled.set_value();
    CHECK(call.wait_on(on.home).error() == errc::cancelled);
    CHECK(on.stock() == 10);
}

DATABASE_TEST_CASE("a cancelled statement ends at once, and its transaction is rolled back") {
    shop on(kind);
    std::promise<void> begun;
    auto body = [&](transaction& tx) -> result<void> {
        on.take(tx, 3).value();
        begun.set_value();
        auto counted = tx.query<std::int64_t>(kind.endless);
        if (!counted) return counted.error();
        return ok();
    };
    pending<void> call(on.home, on.db.transaction(body));
    begun.get_future().wait();
    call.stop();
    CHECK(call.wait_on(on.home).error() == errc::cancelled);
    CHECK(on.stock() == 10);
}

DATABASE_TEST_CASE("a transaction that a job began in custom SQL ends with that job") {
    open_database on(kind);
    const auto rows = on.table<todo>();
    CHECK(on.ask(on.db.execute("BEGIN")));
    todo kept;
    kept.text = "kept";
    CHECK(on.ask(rows.insert(kept)));
    database beside(on.where.options());
    CHECK(on.ask(repository<todo>(beside).find(kept.id)).value().text == "kept");
}

#ifdef WEIR_TEST_MARIADB

namespace {

// Two connections of MariaDB to one table; one has its own settings.
struct two_shops : shop {
    std::optional<database> own;

    explicit two_shops(std::string init_sql) : shop(mariadb) {
        auto chosen = where.options();
        chosen.pool.maximum_pool_size = 1;
        chosen.pool.connection_init_sql = std::move(init_sql);
        own.emplace(chosen);
    }

    // In between, another transaction changes the row.
    static void change(const database_options& options, std::int64_t key) {
        loop other;
        database admin(options);
        other.block_on(admin.execute("UPDATE products SET stock = stock + 1 WHERE id = ?", key)).value();
    }
};

} // namespace

TEST_CASE("a transaction that MariaDB rolled back refuses further statements") {
    two_shops on("SET SESSION innodb_snapshot_isolation = ON");
    int runs = 0;
    auto body = [&](transaction& tx) -> result<void> {
        if (++runs == 1) {
            tx.query<std::int64_t>("SELECT stock FROM products").value();
            two_shops::change(on.where.options(), on.tea.id);
            CHECK(on.take(tx, 1).error().code() == "try_again");
            CHECK(tx.execute("INSERT INTO products (name, stock) VALUES ('cake', 1)").error().code() == "try_again");
        }
        return ok();
    };
    CHECK(on.ask(on.own->transaction(body)));
    CHECK(runs == 2);
    CHECK(on.ask(on.products.count()).value() == 1);
}

TEST_CASE("a lock timeout on MariaDB leaves the transaction unchanged") {
    two_shops on("SET SESSION innodb_lock_wait_timeout = 1");
    std::promise<void> locked;
    std::promise<void> enough;
    auto hold = [&](transaction& tx) -> result<void> {
        on.take(tx, 1).value();
        locked.set_value();
        enough.get_future().wait();
        return ok();
    };
    pending<void> holds(on.home, on.db.transaction(hold));
    locked.get_future().wait();
    auto body = [&](transaction& tx) -> result<void> {
        tx.execute("INSERT INTO products (name, stock) VALUES ('cake', 1)").value();
        CHECK(on.take(tx, 1).error().message() == "the rows are locked");
        tx.execute("INSERT INTO products (name, stock) VALUES ('milk', 1)").value();
        return ok();
    };
    CHECK(on.ask(on.own->transaction(body)));
    enough.set_value();
    CHECK(holds.wait_on(on.home));
    CHECK(on.ask(on.products.count()).value() == 3);
}

#endif
