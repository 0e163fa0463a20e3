// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/orm/backends.hpp"

#include <future>

using namespace weir;
using namespace orm_test;

namespace {

constexpr int many = 1203; // more than two fetches through a cursor

struct shelf : open_database {
    repository<product> products = table<product>();

    explicit shelf(const backend& chosen) : open_database(chosen) {
        std::vector<product> all;
        for (int i = 1; i <= many; ++i) {
            product one;
            one.name = "product " + std::to_string(i);
            one.stock = i % 2;
            all.push_back(one);
        }
        ask(products.insert_many(all, {.batch = 300})).value();
    }
};

} // namespace

DATABASE_TEST_CASE("each passes the rows of a large result in their order") {
    shelf on(kind);
    std::vector<std::string> names;
    auto keep = [&](product& row) { names.push_back(std::move(row.name)); };
    CHECK(on.ask(on.products.rows().order_by(newest<&product::id>).each(keep)).value() == many);
    REQUIRE(names.size() == many);
    CHECK(names.front() == "product 1203");
    CHECK(names.back() == "product 1");

    std::int64_t sum = 0;
    auto add = [&](const std::int64_t& id) { sum += id; };
    auto ids = on.products.where(col<&product::stock> == 1 && col<&product::name>.starts_with("product"))
                   .select<std::int64_t>(col<&product::id>);
    CHECK(on.ask(std::move(ids).each(add)).value() == 602);
    CHECK(sum == 602 * 602);
    CHECK(on.ask(on.products.where(col<&product::stock> == 7).each(keep)).value() == 0);
}

DATABASE_TEST_CASE("an error or an exception ends each, and the connection stays usable") {
    shelf on(kind);
    int seen = 0;
    auto has_enough = [&](const product&) -> result<void> {
        if (++seen == 700) return error(errc::conflict, "enough");
        return ok();
    };
    CHECK(on.ask(on.products.rows().each(has_enough)).error().message() == "enough");
    CHECK(seen == 700);
    auto has_a_bug = [](const product&) { throw std::runtime_error("bug"); };
    CHECK(on.ask(on.products.rows().each(has_a_bug)).error() == errc::internal);
    CHECK(on.ask(on.products.count()).value() == many);
    CHECK(on.ask(on.products.erase(1)));
}

DATABASE_TEST_CASE("each works in a reader and in a transaction, more than once") {
    shelf on(kind);
    std::size_t seen = 0;
    auto counting = [&](const product&) { ++seen; };
    auto twice = [&](orm::reader& from) -> result<std::size_t> {
        if (auto first = from.rows<product>().each(counting); !first) return first.error();
        auto second = from.rows<product>().each(counting);
        if (!second) return second.error();
        return static_cast<std::size_t>(from.rows<product>().count().value());
    };
    CHECK(on.ask(on.db.read(twice)).value() == many);
    CHECK(seen == 2 * many);
    auto and_stores = [&](transaction& tx) -> result<std::size_t> {
        product more;
        tx.insert(more).value();
        auto stops = [&](const product&) -> result<void> { return error(errc::conflict, "at once"); };
        CHECK(tx.rows<product>().each(stops).error() == errc::conflict);
        return tx.rows<product>().each(counting);
    };
    CHECK(on.ask(on.db.transaction(and_stores)).value() == many + 1);
    CHECK(on.ask(on.products.count()).value() == many + 1);
}

DATABASE_TEST_CASE("the function of each may run other statements") {
    shelf on(kind);
    std::size_t seen = 0;
    auto body = [&](transaction& tx) -> result<std::size_t> {
        auto count = [&](const product&) { ++seen; };
        auto restock = [&](const product& row) -> result<void> {
            const std::string id = std::to_string(row.id); // more statements than a connection caches
            auto done = tx.execute("UPDATE products SET stock = 9 WHERE id = ? AND id = " + id, row.id);
            if (!done) return done.error();
            if (row.id % 400 != 0) return ok();
            auto all = tx.rows<product>().order_by(newest<&product::id>).each(count); // the very same statement
            if (!all) return all.error();
            return ok();
        };
        return tx.rows<product>().order_by(newest<&product::id>).each(restock);
    };
    CHECK(on.ask(on.db.transaction(body)).value() == many);
    CHECK(seen == std::size_t{3} * many);
    CHECK(on.ask(on.products.where(col<&product::stock> == 9).count()).value() == many);
}

DATABASE_TEST_CASE("each ends when its task is cancelled") {
    shelf on(kind);
    std::promise<void> begun;
    std::promise<void> cancelled;
    int seen = 0;
    auto dawdle = [&](const product&) {
        if (++seen > 1) return;
        begun.set_value();
        cancelled.get_future().wait();
    };
    pending<std::size_t> call(on.home, on.products.rows().each(dawdle));
    begun.get_future().wait();
    call.stop();
    cancelled.set_value();
    const auto& ended = call.wait_on(on.home);
    CHECK((ended || ended.error() == errc::cancelled)); // it may have received all of them by then
    CHECK(on.ask(on.products.count()).value() == many);
}
