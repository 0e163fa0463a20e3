// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/orm/backends.hpp"

#include <future>

using namespace weir;
using namespace orm_test;

namespace {

struct todo_queue : open_database {
    repository<todo> todos = table<todo>();

    explicit todo_queue(const backend& chosen) : open_database(chosen) {
        std::vector<todo> all(3);
        ask(todos.insert_many(all)).value();
    }

    // What `body` returns while another transaction holds the first row.
    template<class F>
    auto while_locked(F body) {
        std::promise<void> locked;
        std::promise<void> enough;
        auto holder = [&](transaction& tx) -> result<void> {
            tx.where<todo>(col<&todo::id> == 1).for_update().one().value();
            locked.set_value();
            enough.get_future().wait();
            return ok();
        };
        pending<void> held(home, db.transaction(holder));
        locked.get_future().wait();
        auto said = ask(db.transaction(body));
        enough.set_value();
        held.wait_on(home).value();
        return said;
    }
};

} // namespace

DATABASE_TEST_CASE("rows locked for an update can be updated in the same transaction") {
    todo_queue on(kind);
    auto body = [](transaction& tx) -> result<std::size_t> {
        auto free = tx.where<todo>(col<&todo::done> == false).order_by(oldest<&todo::id>).limit(2).for_update().all();
        if (!free) return free.error();
        for (todo& row : *free) {
            row.done = true;
            if (auto stored = tx.update(row); !stored) return stored.error();
        }
        return free->size();
    };
    CHECK(on.ask(on.db.transaction(body)).value() == 2);
    CHECK(on.ask(on.db.transaction(body)).value() == 1);
    CHECK(on.ask(on.db.transaction(body)).value() == 0);
    auto none = [](transaction& tx) {
        return tx.repo<todo>().where(col<&todo::done> == false).for_update(skip_locked).one();
    };
    CHECK(on.ask(on.db.transaction(none)).error() == errc::not_found);
    auto first = [](transaction& tx) { return tx.rows<todo>().order_by(oldest<&todo::id>).for_update(nowait).first(); };
    CHECK(on.ask(on.db.transaction(first)).value()->id == 1);
}

DATABASE_TEST_CASE("counters locked for an update lose no increments") {
    open_database on(kind);
    const auto products = on.table<product>();
    product tea;
    on.ask(products.insert(tea)).value();
    const auto clerks = [&] {
        loop home;
        auto body = [&](transaction& tx) -> result<void> {
            auto row = tx.where<product>(col<&product::id> == tea.id).for_update().one();
            if (!row) return row.error();
            row->stock += 1;
            return tx.update(*row);
        };
        for (int i = 0; i < 20; ++i) home.block_on(on.db.transaction(body)).value();
    };
    auto others = std::async(std::launch::async, clerks);
    clerks();
    others.get();
    CHECK(on.ask(products.find(tea.id)).value().stock == 40);
}

#ifdef WEIR_SERVERS
SERVER_TEST_CASE("skip_locked leaves out rows locked by another transaction") {
    todo_queue on(kind);
    auto take = [](transaction& tx) {
        return tx.rows<todo>().order_by(oldest<&todo::id>).limit(2).for_update(skip_locked).all();
    };
    const auto taken = on.while_locked(take).value();
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].id == 2);
    CHECK(taken[1].id == 3);
}

SERVER_TEST_CASE("nowait fails at once if another transaction holds a row") {
    todo_queue on(kind);
    int runs = 0;
    auto take = [&](transaction& tx) {
        ++runs;
        return tx.where<todo>(col<&todo::id> == 1).for_update(nowait).one();
    };
    CHECK(on.while_locked(take).error() == errc::unavailable);
    CHECK(runs == 1);
}
#endif
