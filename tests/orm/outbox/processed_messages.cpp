// SPDX-License-Identifier: MIT
#include "orm/support.hpp"
#include <weir/orm/processed_messages.hpp>

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

struct processed_fixture {
    temporary_folder files;
    manual_clock time;
    loop home{time};
    database db{files / "processed.db"};
    orm::processed_messages points{db, {.consumer = "points", .time = &time}};
    orm::processed_messages mails{db, {.consumer = "mails", .time = &time}};

    processed_fixture() { home.block_on(points.prepare()).value(); }

    bool note(const orm::processed_messages& in, std::string id, bool commits = true) {
        bool first = false;
        auto body = [&](transaction& tx) -> result<void> {
            first = in.first_time(tx, id).value();
            return commits ? ok() : result<void>(error(errc::conflict, "not now"));
        };
        CHECK(home.block_on(db.transaction(body)).has_value() == commits);
        return first;
    }
};

} // namespace

TEST_CASE_FIXTURE(processed_fixture, "a message is processed for the first time once by each consumer") {
    CHECK(note(points, "a"));
    CHECK(!note(points, "a"));
    CHECK(note(points, "b"));
    CHECK(note(mails, "a"));
    CHECK(!note(mails, "a"));
    auto look = [&](orm::reader& r) { return mails.seen(r, "a"); };
    CHECK(home.block_on(db.read(look)).value());
    auto look_for_other = [&](orm::reader& r) { return mails.seen(r, "b"); };
    CHECK(!home.block_on(db.read(look_for_other)).value());
}

TEST_CASE_FIXTURE(processed_fixture, "a transaction that fails notes nothing, so that the next attempt is the first") {
    CHECK(note(points, "a", false));
    CHECK(note(points, "a"));
    CHECK(!note(points, "a"));
}

TEST_CASE_FIXTURE(processed_fixture, "a noted id leaves the transaction usable") {
    note(points, "a");
    auto body = [&](transaction& tx) -> result<bool> {
        CHECK(!points.first_time(tx, "a").value());
        return points.first_time(tx, "b");
    };
    CHECK(home.block_on(db.transaction(body)).value());
    CHECK(!note(points, "b"));
}

TEST_CASE_FIXTURE(processed_fixture, "ids are forgotten after the time they are kept, and not before") {
    for (int i = 0; i < 5; ++i) note(points, std::to_string(i));
    time.advance(24h);
    note(points, "later");
    CHECK(home.block_on(points.forget_old()).value() == 0);
    time.advance(24h * 6 + 1us);
    CHECK(home.block_on(points.forget_old()).value() == 5);
    CHECK(note(points, "0"));
    CHECK(!note(points, "later"));
}

TEST_CASE_FIXTURE(processed_fixture, "more old ids than fit into one batch are forgotten too") {
    auto body = [&](transaction& tx) -> result<void> {
        for (int i = 0; i < 2500; ++i) points.first_time(tx, std::to_string(i)).value();
        return ok();
    };
    home.block_on(db.transaction(body)).value();
    time.advance(24h * 8);
    CHECK(home.block_on(points.forget_old()).value() == 2500);
}

TEST_CASE_FIXTURE(processed_fixture, "an id that can't be stored is an error") {
    auto body = [&](transaction& tx) { return points.first_time(tx, std::string(201, 'x')); };
    CHECK(home.block_on(db.transaction(body)).error() == errc::validation_failed);
}
