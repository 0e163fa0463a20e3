// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

#include <future>

using namespace weir;
using namespace orm_test;

namespace {

const std::vector<std::string> creates_notes{"CREATE TABLE notes (id BIGINT PRIMARY KEY, text VARCHAR(40))"};

result<void> writes_a_note(transaction& tx) {
    auto done = tx.execute("INSERT INTO notes VALUES (?, ?)", 1, "first");
    if (!done) return done.error();
    return ok();
}

result<void> fails(transaction& tx) {
    auto done = tx.execute("INSERT INTO notes VALUES (?, ?)", 2, "second");
    if (!done) return done.error();
    return error(errc::internal, "no more notes");
}

versioned_migrations two_steps() {
    return versioned_migrations().step(1, "create notes", creates_notes).step(2, "write a note", writes_a_note);
}

template<class Backend>
struct notes : open_database<Backend> {
    std::size_t apply(const versioned_migrations& steps) { return this->ask(steps.apply(this->db)).value(); }
    error refusal(const versioned_migrations& steps) { return this->ask(steps.apply(this->db)).error(); }
    std::int64_t count() {
        return this->ask(this->db.template query<std::int64_t>("SELECT count(*) FROM notes")).value().front();
    }
};

} // namespace

TEST_CASE_TEMPLATE("steps run once each, in order, and are recorded with their time", Backend, WEIR_DATABASES) {
    notes<Backend> on;
    CHECK(on.apply(two_steps()) == 2);
    CHECK(on.apply(two_steps()) == 0);
    CHECK(on.count() == 1);
    const auto names = on.ask(on.db.template query<std::string>("SELECT name FROM weir_migrations ORDER BY number"));
    CHECK(names.value() == std::vector<std::string>{"create notes", "write a note"});
    const auto times = on.ask(on.db.template query<wall_time>("SELECT applied_at FROM weir_migrations")).value();
    CHECK(times[0] <= system_clock().wall_now());
    CHECK(times[0] > system_clock().wall_now() - std::chrono::hours(1));

    const auto third = two_steps().step(3, "drop the note", {"DELETE FROM notes WHERE id = 1"});
    CHECK(on.apply(third) == 1);
    CHECK(on.count() == 0);
}

TEST_CASE_TEMPLATE("a dry run says what would run, and changes nothing", Backend, WEIR_DATABASES) {
    notes<Backend> on;
    const auto steps = two_steps();
    const std::string all = on.ask(steps.plan(on.db)).value();
    CHECK(all == "-- migration 1 (create notes)\n"
                 "CREATE TABLE notes (id BIGINT PRIMARY KEY, text VARCHAR(40));\n"
                 "-- migration 2 (write a note): runs code\n");
    CHECK(on.ask(steps.plan(on.db)).value() == all);
    CHECK(on.apply(steps) == 2);
    CHECK(on.ask(steps.plan(on.db)).value().empty());
}

TEST_CASE_TEMPLATE("a step that was applied may neither change nor go, and none may come before it", Backend,
                   WEIR_DATABASES) {
    notes<Backend> on;
    CHECK(on.apply(two_steps()) == 2);

    const auto edited = versioned_migrations()
                            .step(1, "create notes", {"CREATE TABLE notes (id BIGINT PRIMARY KEY)"})
                            .step(2, "write a note", writes_a_note);
    const auto refused = on.refusal(edited);
    CHECK(refused == errc::conflict);
    CHECK(refused.message() ==
          "migration 1 (create notes) was edited after it had been applied: add a new one instead");
    CHECK(on.ask(edited.plan(on.db)).error().message() == refused.message());

    const auto missing = on.refusal(versioned_migrations().step(1, "create notes", creates_notes));
    CHECK(missing == errc::conflict);
    CHECK(missing.message() == "migration 2 (write a note) was applied to this database, and the program lacks it");

    notes<Backend> fresh;
    CHECK(fresh.apply(versioned_migrations().step(5, "create notes", creates_notes)) == 1);
    const auto late =
        fresh.refusal(versioned_migrations().step(4, "too late", writes_a_note).step(5, "create notes", creates_notes));
    CHECK(late == errc::conflict);
    CHECK(late.message() == "migration 4 (too late) comes before one that is applied: give it a higher number");
    CHECK(fresh.count() == 0);
}

TEST_CASE_TEMPLATE("a step that fails is taken back, those before it stay, and it may run again", Backend,
                   WEIR_DATABASES) {
    notes<Backend> on;
    const auto broken = on.refusal(two_steps().step(3, "write another", fails));
    CHECK(broken == errc::internal);
    CHECK(broken.message() == "migration 3 (write another) failed");
    CHECK(broken.describe().find("no more notes") != std::string::npos);
    CHECK(on.count() == 1);
    const auto mended = two_steps().step(3, "write another", {"INSERT INTO notes VALUES (2, 'second')"});
    CHECK(on.apply(mended) == 1);
    CHECK(on.count() == 2);
}

TEST_CASE_TEMPLATE("programs that start at once run each step once", Backend, WEIR_DATABASES) {
    const Backend where;
    const auto start = [&]() -> std::size_t {
        loop home;
        database mine(where.options());
        const auto steps = two_steps();
        return home.block_on(steps.apply(mine)).value();
    };
    auto one = std::async(std::launch::async, start);
    auto other = std::async(std::launch::async, start);
    const std::size_t here = start();
    CHECK(here + one.get() + other.get() == 2);
}

TEST_CASE("numbers that don't rise are refused before anything runs") {
    notes<on_sqlite> on;
    const auto twice = versioned_migrations().step(1, "create notes", creates_notes).step(1, "again", creates_notes);
    const auto refused = on.refusal(twice);
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.message() == "migration 1 (again) has to have a number above 1");
    CHECK(on.refusal(versioned_migrations().step(0, "none", writes_a_note)) == errc::invalid_argument);
    CHECK(on.ask(two_steps().plan(on.db)).value().starts_with("-- migration 1"));
}
