// SPDX-License-Identifier: MIT
#include "orm/support.hpp"
#include <weir/core/deadline.hpp>

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace weir;
using namespace orm_test;

namespace {

struct commit_fixture {
    temporary_folder files;
    loop home;
    memory_log lines;
    database db{options()};
    repository<todo> todos{db};
    std::vector<int> called;

    commit_fixture() { home.block_on(todos.auto_migrate()).value(); }

    database_options options() {
        database_options chosen;
        chosen.url = files / "commit.db";
        chosen.log = logger(lines.sink(), {.asynchronous = false});
        return chosen;
    }

    auto noting(int number) {
        return [this, number] { called.push_back(number); };
    }
    result<void> add_row(transaction& tx) {
        todo row;
        row.text = "tea";
        return tx.insert(row);
    }
    std::int64_t rows() { return home.block_on(todos.count()).value(); }
};

} // namespace

TEST_CASE_FIXTURE(commit_fixture, "the functions of on_commit run once, in order, when the rows can be read") {
    std::int64_t seen = -1;
    std::thread::id where;
    auto body = [&](transaction& tx) -> result<std::thread::id> {
        tx.on_commit(noting(1));
        if (auto added = add_row(tx); !added) return added.error();
        tx.on_commit(noting(2));
        tx.on_commit([&] {
            loop other;
            seen = other.block_on(todos.count()).value();
            where = std::this_thread::get_id();
        });
        CHECK(called.empty());
        return std::this_thread::get_id();
    };
    CHECK(home.block_on(db.transaction(body)).value() == where);
    CHECK(called == std::vector{1, 2});
    CHECK(seen == 1);
}

TEST_CASE_FIXTURE(commit_fixture, "no function of on_commit runs after an error, an exception or a cancellation") {
    auto fails = [&](transaction& tx) -> result<void> {
        tx.on_commit(noting(1));
        return error(errc::conflict, "changed my mind");
    };
    CHECK(home.block_on(db.transaction(fails)).error() == errc::conflict);
    auto throws = [&](transaction& tx) -> result<void> {
        tx.on_commit(noting(2));
        throw std::runtime_error("bug");
    };
    CHECK(home.block_on(db.transaction(throws)).error() == errc::internal);
    auto waits = [&](transaction& tx) -> result<void> {
        tx.on_commit(noting(3));
        auto never = tx.query<std::int64_t>(endless);
        if (!never) return never.error();
        return ok();
    };
    CHECK(home.block_on(with_timeout(std::chrono::milliseconds(50), db.transaction(waits))).error() ==
          errc::deadline_exceeded);
    CHECK(called.empty());
    CHECK(rows() == 0);
}

TEST_CASE_FIXTURE(commit_fixture, "only the last run of a repeated body has its functions called") {
    int runs = 0;
    auto body = [&](transaction& tx) -> result<void> {
        tx.on_commit(noting(++runs));
        if (runs < 3) return error(errc::unavailable, "once more").with_code("try_again");
        return ok();
    };
    CHECK(home.block_on(db.transaction(body)));
    CHECK(called == std::vector{3});
}

TEST_CASE_FIXTURE(commit_fixture, "an exception of a function is logged, and neither the rows nor the others suffer") {
    auto body = [&](transaction& tx) -> result<void> {
        tx.on_commit([] { throw std::runtime_error("no such cache"); });
        tx.on_commit([] { throw std::bad_alloc(); });
        tx.on_commit(noting(1));
        return add_row(tx);
    };
    CHECK(home.block_on(db.transaction(body)));
    CHECK(called == std::vector{1});
    CHECK(rows() == 1);
    const auto logged = lines.lines();
    REQUIRE(logged.size() == 2);
    CHECK(logged[0].find("a function of on_commit failed") != std::string::npos);
    CHECK(logged[0].find("no such cache") != std::string::npos);
}

TEST_CASE_FIXTURE(commit_fixture, "a function that adds another one after the commit does no harm") {
    auto body = [&](transaction& tx) -> result<void> {
        tx.on_commit([&] { tx.on_commit(noting(1)); });
        tx.on_commit(noting(2));
        return ok();
    };
    CHECK(home.block_on(db.transaction(body)));
    CHECK(called == std::vector{2});
}
