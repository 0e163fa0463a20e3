// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"
#include <weir/testing/fault_proxy.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

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

struct notes : open_database {
    using open_database::open_database;

    std::size_t apply(const versioned_migrations& steps) { return ask(steps.apply(db)).value(); }
    error refusal(const versioned_migrations& steps) { return ask(steps.apply(db)).error(); }
    std::int64_t count() { return ask(db.query<std::int64_t>("SELECT count(*) FROM notes")).value().front(); }
};

} // namespace

DATABASE_TEST_CASE("steps run once each, in order, and are recorded with their time") {
    notes on(kind);
    CHECK(on.apply(two_steps()) == 2);
    CHECK(on.apply(two_steps()) == 0);
    CHECK(on.count() == 1);
    const auto names = on.ask(on.db.query<std::string>("SELECT name FROM weir_migrations ORDER BY number"));
    CHECK(names.value() == std::vector<std::string>{"create notes", "write a note"});
    const auto times = on.ask(on.db.query<wall_time>("SELECT applied_at FROM weir_migrations")).value();
    CHECK(times[0] <= system_clock().wall_now());
    CHECK(times[0] > system_clock().wall_now() - std::chrono::hours(1));

    const auto third = two_steps().step(3, "drop the note", {"DELETE FROM notes WHERE id = 1"});
    CHECK(on.apply(third) == 1);
    CHECK(on.count() == 0);
}

DATABASE_TEST_CASE("plan returns what would run, and changes nothing") {
    notes on(kind);
    const auto steps = two_steps();
    const std::string all = on.ask(steps.plan(on.db)).value();
    CHECK(all == "-- migration 1 (create notes)\n"
                 "CREATE TABLE notes (id BIGINT PRIMARY KEY, text VARCHAR(40));\n"
                 "-- migration 2 (write a note): runs code\n");
    CHECK(on.ask(steps.plan(on.db)).value() == all);
    CHECK(on.apply(steps) == 2);
    CHECK(on.ask(steps.plan(on.db)).value().empty());
}

DATABASE_TEST_CASE("an applied step can be neither edited, removed nor preceded by a new one") {
    notes on(kind);
    CHECK(on.apply(two_steps()) == 2);

    const auto edited =
        versioned_migrations()
            .step(1, "create notes", {"CREATE TABLE notes (id BIGINT PRIMARY KEY)"})
            .step(2, "write a note", writes_a_note);
    const auto refused = on.refusal(edited);
    CHECK(refused == errc::conflict);
    CHECK(refused.message() ==
          "migration 1 (create notes) was edited after it was applied: add a new migration instead");
    CHECK(on.ask(edited.plan(on.db)).error().message() == refused.message());

    const auto missing = on.refusal(versioned_migrations().step(1, "create notes", creates_notes));
    CHECK(missing == errc::conflict);
    CHECK(missing.message() ==
          "migration 2 (write a note) was applied to this database but is missing from the program");

    notes fresh(kind);
    CHECK(fresh.apply(versioned_migrations().step(5, "create notes", creates_notes)) == 1);
    const auto late =
        fresh.refusal(versioned_migrations().step(4, "too late", writes_a_note).step(5, "create notes", creates_notes));
    CHECK(late == errc::conflict);
    CHECK(late.message() == "migration 4 (too late) precedes an applied migration: give it a higher number");
    CHECK(fresh.count() == 0);
}

DATABASE_TEST_CASE("a failed step is rolled back, earlier ones stay, and it can run again") {
    notes on(kind);
    const auto broken = on.refusal(two_steps().step(3, "write another", fails));
    CHECK(broken == errc::internal);
    CHECK(broken.message() == "migration 3 (write another) failed");
    CHECK(broken.describe().find("no more notes") != std::string::npos);
    CHECK(on.count() == 1);
    const auto mended = two_steps().step(3, "write another", {"INSERT INTO notes VALUES (2, 'second')"});
    CHECK(on.apply(mended) == 1);
    CHECK(on.count() == 2);
}

DATABASE_TEST_CASE("programs that start at the same time run each step once") {
    const empty_database where(kind);
    constexpr std::int64_t last = 30;
    versioned_migrations steps;
    steps.step(1, "create notes", creates_notes);
    for (std::int64_t number = 2; number <= last; ++number)
        steps.step(number, "write note " + std::to_string(number), [number](transaction& tx) -> result<void> {
            auto done = tx.execute("INSERT INTO notes VALUES (?, 'one')", number);
            if (!done) return done.error();
            return ok();
        });
    const auto start = [&]() -> std::size_t {
        loop home;
        database mine(where.options());
        return home.block_on(steps.apply(mine)).value();
    };
    auto one = std::async(std::launch::async, start);
    auto other = std::async(std::launch::async, start);
    const std::size_t here = start();
    CHECK(here + one.get() + other.get() == last);
}

SERVER_TEST_CASE("a program that waited for another one's step sees it, however slow its commit") {
    const empty_database where(kind);
    testing::fault_proxy slow_line(kind.server().port());
    slow_line.set(testing::direction::to_upstream, testing::fault::delay(std::chrono::milliseconds(50)));
    versioned_migrations steps;
    const auto run = [&steps](const database_options& how) -> std::size_t {
        loop home;
        database mine(how);
        return home.block_on(steps.apply(mine)).value();
    };
    std::atomic<bool> alone{true};
    std::future<std::size_t> other;
    steps.step(1, "create notes", creates_notes).step(2, "write a note", [&](transaction& tx) {
        if (alone.exchange(false)) other = std::async(std::launch::async, run, where.options());
        return writes_a_note(tx);
    });
    const std::size_t here = run(over(slow_line, kind, where.options()));
    CHECK(here + other.get() == 2);
}

namespace {

// Another program in the middle of a migration, which waits until it is released.
class migrating_program {
public:
    explicit migrating_program(database_options how) : db_(std::move(how)) {
        steps_.step(1, "take long", [this](transaction&) -> result<void> {
            begun_.set_value();
            go_on_.get_future().wait();
            return ok();
        });
        thread_ = std::thread([this] { loop().block_on(steps_.apply(db_)).value(); });
        begun_.get_future().wait();
    }
    ~migrating_program() { finish(); }

    void finish() {
        if (!thread_.joinable()) return;
        go_on_.set_value();
        thread_.join();
    }

private:
    database db_;
    versioned_migrations steps_;
    std::promise<void> begun_;
    std::promise<void> go_on_;
    std::thread thread_;
};

// Returns when a statement that may take equally long has timed out.
void let_pass(duration statement_timeout) {
    loop home;
    database_options chosen;
    chosen.url = ":memory:";
    chosen.statement_timeout = statement_timeout;
    database db(chosen);
    CHECK(home.block_on(db.query<std::int64_t>(orm_test::endless)).error() == errc::deadline_exceeded);
}

database_options hasty(database_options how) {
    how.statement_timeout = 500ms;
    how.busy_timeout = 1ms;
    return how;
}

} // namespace

DATABASE_TEST_CASE("a program waits for another one's migration longer than any statement or lock timeout") {
    const empty_database where(kind);
    migrating_program other(where.options());
    loop home;
    database mine(hasty(where.options()));
    pending<void> call(home, auto_migrate<todo>(mine));
    let_pass(hasty(where.options()).statement_timeout * 2);
    home.poll();
    CHECK(!call.outcome);
    other.finish();
    CHECK(call.wait_on(home));
    CHECK(home.block_on(repository<todo>(mine).count()).value() == 0);
}

DATABASE_TEST_CASE(
    "a program waits for another one's migration as long as migrate_options::wait, and its connection stays usable") {
    const empty_database where(kind);
    const migrating_program other(where.options());
    loop home;
    database mine(hasty(where.options()));
    migrate_options options;
    options.wait = 50ms;
    for (const auto& gave_up : {home.block_on(auto_migrate<todo>(mine, options)).error(),
                                home.block_on(versioned_migrations().apply(mine, options)).error()}) {
        CHECK(gave_up == errc::unavailable);
        CHECK(gave_up.message() == "another program is changing the schema");
    }
    CHECK(home.block_on(mine.query<std::int64_t>("SELECT 1")).value().front() == 1);
    CHECK(mine.stats().writing.dropped == 0);
}

DATABASE_TEST_CASE("the wait for another program's migration ends at the caller's deadline, and can be cancelled") {
    const empty_database where(kind);
    const migrating_program other(where.options());
    database mine(where.options());
    loop hurried;
    hurried.root_context().set_deadline(hurried.clock().now() + 100ms);
    CHECK(hurried.block_on(auto_migrate<todo>(mine)).error() == errc::deadline_exceeded);

    loop home;
    pending<void> call(home, auto_migrate<todo>(mine));
    while (mine.stats().writing.active == 0) std::this_thread::yield();
    call.stop();
    CHECK(call.wait_on(home).error() == errc::cancelled);
}

#ifdef WEIR_TEST_MARIADB
TEST_CASE("migrations of two databases of one server don't wait for each other") {
    const empty_database where(mariadb);
    const empty_database elsewhere(mariadb);
    const migrating_program other(where.options());
    loop home;
    database mine(elsewhere.options());
    migrate_options options;
    options.wait = 0s;
    CHECK(home.block_on(auto_migrate<todo>(mine, options)));
}
#endif

TEST_CASE("numbers that don't increase are refused before anything runs") {
    notes on(sqlite);
    const auto twice = versioned_migrations().step(1, "create notes", creates_notes).step(1, "again", creates_notes);
    const auto refused = on.refusal(twice);
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.message() == "migration 1 (again) must have a number above 1");
    CHECK(on.refusal(versioned_migrations().step(0, "none", writes_a_note)) == errc::invalid_argument);
    CHECK(on.ask(two_steps().plan(on.db)).value().starts_with("-- migration 1"));
}
