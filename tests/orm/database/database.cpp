// SPDX-License-Identifier: MIT
#include "orm/support.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <future>
#include <thread>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

struct file_fixture {
    temporary_folder files;
    std::string path = files / "app.db";
    loop home;

    void fill(database& db) {
        const repository<todo> rows(db);
        todo row;
        row.text = "milk";
        home.block_on(rows.auto_migrate()).value();
        home.block_on(rows.insert(row)).value();
    }
};

void wait_until_running(const database& db) {
    while (db.stats().reading.active + db.stats().writing.active == 0) std::this_thread::yield();
}

database_options options_for(const std::string& path) {
    database_options options;
    options.url = path;
    return options;
}

// Holds a file's write lock from a separate connection, like another program.
struct other_program {
    loop home;
    database db;
    std::promise<void> locked;
    std::promise<void> release;
    std::thread thread;

    explicit other_program(const std::string& path) : other_program(options_for(path)) {}
    explicit other_program(database_options options) : db(std::move(options)) {
        thread = std::thread([this] {
            auto body = [this](transaction&) -> result<void> {
                locked.set_value();
                release.get_future().wait();
                return ok();
            };
            home.block_on(db.transaction(body)).value();
        });
        locked.get_future().wait();
    }
    ~other_program() {
        release.set_value();
        thread.join();
    }
};

} // namespace

TEST_CASE_FIXTURE(file_fixture, "stored rows are there when the file is opened again") {
    {
        database db(path);
        fill(db);
        CHECK(home.block_on(db.close()));
    }
    database db(path);
    CHECK(home.block_on(repository<todo>(db).find(1)).value().text == "milk");
}

TEST_CASE_FIXTURE(file_fixture, "a file is set up for one writer and many concurrent readers") {
    database db(path);
    fill(db);
    const auto pragma = [&](std::string name) { return home.block_on(db.query<std::string>(name)).value().front(); };
    const auto number = [&](std::string name) { return home.block_on(db.query<int>(name)).value().front(); };
    CHECK(pragma("PRAGMA journal_mode") == "wal");
    CHECK(number("PRAGMA foreign_keys") == 1);
    CHECK(number("PRAGMA synchronous") == 1);
    CHECK(db.stats().writing.opened + db.stats().reading.opened == 2);
}

namespace {

std::string why_refused(const database_options& options) {
    try {
        const database db(options);
    } catch (const error_exception& refused) {
        CHECK(refused.failure() == errc::invalid_argument);
        return std::string(refused.failure().message());
    }
    return "not refused";
}

} // namespace

TEST_CASE("the constructor refuses an invalid option by name") {
    const auto refused = [](auto change) {
        database_options options = options_for(":memory:");
        change(options);
        return why_refused(options);
    };
    CHECK(refused([](auto& o) { o.pool.maximum_pool_size = 0; }) ==
          "database_options.pool.maximum_pool_size = 0: accepted 1 or more");
    CHECK(refused([](auto& o) { o.pool.maximum_pending = 0; }) ==
          "database_options.pool.maximum_pending = 0: accepted 1 or more");
    CHECK(refused([](auto& o) { o.pool.minimum_idle = 11; }) ==
          "database_options.pool.minimum_idle = 11: accepted at most pool.maximum_pool_size, which is 10");
    CHECK(refused([](auto& o) { o.statement_timeout = 0s; }) ==
          "database_options.statement_timeout = 0 ns: accepted more than 0, duration::max() for no limit");
    CHECK(refused([](auto& o) { o.busy_timeout = -1ns; }) ==
          "database_options.busy_timeout = -1 ns: accepted 0 or more");
    CHECK(refused([](auto& o) { o.time = nullptr; }) == "database_options.time = nullptr: accepted a clock");
}

TEST_CASE("negative durations are refused, and so is 0 where it makes no sense") {
    const auto refuses = [](auto change, duration value) {
        database_options options = options_for(":memory:");
        change(options) = value;
        return why_refused(options) != "not refused";
    };
    const auto takes_zero = [&](auto change) {
        return refuses(change, -1ns) && !refuses(change, 0s) && !refuses(change, duration::max());
    };
    const auto takes_no_zero = [&](auto change) {
        return refuses(change, -1ns) && refuses(change, 0s) && !refuses(change, duration::max());
    };
    CHECK(takes_zero([](auto& o) -> duration& { return o.busy_timeout; }));
    CHECK(takes_zero([](auto& o) -> duration& { return o.pool.connection_timeout; }));
    CHECK(takes_zero([](auto& o) -> duration& { return o.pool.idle_timeout; }));
    CHECK(takes_zero([](auto& o) -> duration& { return o.pool.max_lifetime; }));
    CHECK(takes_zero([](auto& o) -> duration& { return o.pool.keepalive_time; }));
    CHECK(takes_zero([](auto& o) -> duration& { return o.pool.leak_detection_threshold; }));
    CHECK(takes_zero([](auto& o) -> duration& { return o.pool.initialization_fail_timeout; }));
    CHECK(takes_no_zero([](auto& o) -> duration& { return o.connect_timeout; }));
    CHECK(takes_no_zero([](auto& o) -> duration& { return o.statement_timeout; }));
    CHECK(takes_no_zero([](auto& o) -> duration& { return o.pool.validation_timeout; }));
}

TEST_CASE_FIXTURE(file_fixture, "without readers the writer's connection also reads") {
    auto options = options_for(path);
    options.readers = 0;
    database db(options);
    fill(db);
    CHECK(home.block_on(repository<todo>(db).find(1)).value().text == "milk");
    CHECK(db.stats().reading.opened == 0);
    CHECK(db.stats().writing.opened == 1);
}

namespace {

struct ping_case {
    const char* name;
    std::size_t readers;
    bool in_memory;
    bool reads; // what the long job does
};

} // namespace

TEST_CASE_FIXTURE(file_fixture, "a ping of SQLite does not queue behind a long job") {
    const std::vector<ping_case> cases{
        {"a transaction, beside readers", 1, false, false},
        {"a transaction, without readers", 0, false, false},
        {"a transaction in memory", 1, true, false},
        {"a read on the only reader", 1, false, true}};
    for (const auto& one : cases) {
        CAPTURE(one.name);
        auto options = options_for(one.in_memory ? ":memory:" : path);
        options.readers = one.readers;
        database db(options);
        std::promise<void> release;
        auto write = [&](transaction&) -> result<void> {
            release.get_future().wait();
            return ok();
        };
        auto read = [&](orm::reader&) -> result<void> {
            release.get_future().wait();
            return ok();
        };
        pending<void> long_job(home, one.reads ? db.read(read) : db.transaction(write));
        wait_until_running(db);
        CHECK(home.block_on(db.ping()));
        CHECK(!long_job.outcome);
        release.set_value();
        CHECK(long_job.wait_on(home));
    }
}

TEST_CASE_FIXTURE(file_fixture, "a ping of a closing database is refused, even while its connections are in use") {
    auto options = options_for(path);
    options.readers = 0;
    database db(options);
    std::promise<void> release;
    auto body = [&](transaction&) -> result<void> {
        release.get_future().wait();
        return ok();
    };
    pending<void> long_job(home, db.transaction(body));
    wait_until_running(db);
    pending<void> closing(home, db.close());
    CHECK(home.block_on(db.ping()).error() == errc::unavailable);
    release.set_value();
    CHECK(long_job.wait_on(home));
    CHECK(closing.wait_on(home));
}

TEST_CASE_FIXTURE(file_fixture, "a path may contain spaces") {
    database db(files / "my shop  data.db");
    fill(db);
    CHECK(std::filesystem::exists(files / "my shop  data.db"));
}

TEST_CASE_FIXTURE(file_fixture, "an unusable file is one clear error, with the path only in the log") {
    std::ofstream(files / "text.db") << std::string(4096, 'x');
    for (const std::string& bad : {files / "missing" + "/app.db", files / "", files / "text.db", std::string()}) {
        database db(bad);
        const auto failed = home.block_on(db.open()).error();
        CHECK(failed == errc::unavailable);
        CHECK(failed.message() == "the database can't be opened");
        CHECK(failed.cause().message().find(bad) != std::string::npos);
        CHECK(home.block_on(repository<todo>(db).find(1)).error() == errc::unavailable);
    }
}

TEST_CASE_FIXTURE(file_fixture, "a cancelled query is interrupted, and completes after its job") {
    database db(path);
    auto job_left = std::make_unique<bool>(false); // freed with the frame if the call completed too early
    std::promise<void> begun;
    auto body = [&, left = job_left.get()](orm::reader& r) -> result<std::int64_t> {
        begun.set_value();
        auto counted = r.query<std::int64_t>(endless);
        *left = true;
        if (!counted) return counted.error();
        return counted->front();
    };
    pending<std::int64_t> call(home, db.read(body));
    begun.get_future().wait();
    call.stop();
    CHECK(call.wait_on(home).error() == errc::cancelled);
    CHECK(*job_left);
    CHECK(home.block_on(db.query<int>("SELECT 1")).value().front() == 1);
    CHECK(db.stats().reading.dropped == 0);
}

TEST_CASE_FIXTURE(file_fixture, "a call cancelled while its connection opens fails with cancelled, not unavailable") {
    database owner(path);
    CHECK(home.block_on(owner.execute("PRAGMA locking_mode=EXCLUSIVE")));
    CHECK(home.block_on(owner.execute("CREATE TABLE t (n INTEGER)")));
    auto options = options_for(path);
    options.busy_timeout = 1h;
    database db(options);
    pending<void> call(home, db.open());
    while (db.stats().writing.pending == 0) std::this_thread::yield();
    call.stop();
    CHECK(call.wait_on(home).error() == errc::cancelled);
    CHECK(db.stats().writing.opened == 0);
}

TEST_CASE("an in-memory database creates its tables even if the first jobs ran out of time at any point") {
    bool in_time = false;
    for (int looks = 1; !in_time; ++looks) {
        const stepping_clock steps;
        loop hurried(steps);
        database db(":memory:");
        const repository<todo> rows(db);
        std::optional<result<std::int64_t>> first;
        auto work = [&]() -> task<void> { first = co_await rows.count(); };
        hurried.root_context().set_deadline(steps.now() + looks * 1ms);
        hurried.block_on(work());
        in_time = first->has_value();
        if (!in_time) CHECK(first->error() == errc::deadline_exceeded);
        loop home;
        CHECK(home.block_on(rows.count()).value() == 0);
        REQUIRE(looks < 10'000);
    }
}

TEST_CASE("an in-memory database interrupts its only connection and keeps it") {
    loop home;
    database db(":memory:");
    const repository<todo> rows(db);
    todo row;
    CHECK(home.block_on(rows.insert(row)));
    pending<std::vector<std::int64_t>> call(home, db.query<std::int64_t>(endless));
    wait_until_running(db);
    call.stop();
    CHECK(call.wait_on(home).error() == errc::cancelled);
    CHECK(home.block_on(rows.count()).value() == 1);
}

TEST_CASE_FIXTURE(file_fixture, "a call cancelled in the queue never runs") {
    database db(path);
    fill(db);
    std::promise<void> open;
    auto block = [&](transaction&) -> result<void> {
        open.get_future().wait();
        return ok();
    };
    pending<void> first(home, db.transaction(block));
    wait_until_running(db);
    bool ran = false;
    auto never = [&](transaction&) -> result<void> {
        ran = true;
        return ok();
    };
    pending<void> second(home, db.transaction(never));
    CHECK(db.stats().writing.pending == 1);
    second.stop();
    CHECK(second.wait_on(home).error() == errc::cancelled);
    open.set_value();
    CHECK(first.wait_on(home));
    CHECK(!ran);
}

TEST_CASE_FIXTURE(file_fixture, "a task cancelled before its call gets no result, with or without a deadline") {
    database db(path);
    for (const time_point deadline : {time_point::max(), home.clock().now() + 1h}) {
        std::optional<result<std::size_t>> outcome;
        auto work = [&]() -> task<result<void>> {
            co_await sleep_for(1h); // ends at once: cancelled
            outcome = co_await db.execute("CREATE TABLE t (n INTEGER)");
            co_return ok();
        };
        pending<void> call(home, work());
        call.ctx.set_deadline(deadline);
        call.stop();
        CHECK(call.wait_on(home));
        CHECK(outcome->error() == errc::cancelled);
    }
    CHECK(db.stats().writing.completed == 0);
}

TEST_CASE_FIXTURE(file_fixture, "the context's deadline ends the running query") {
    manual_clock time;
    loop timed(time);
    timed.root_context().set_deadline(time.now() + 1s);
    database db(path);
    std::optional<result<std::vector<std::int64_t>>> outcome;
    auto work = [&]() -> task<void> { outcome = co_await db.query<std::int64_t>(endless); };
    timed.spawn(work());
    timed.poll();
    wait_until_running(db);
    CHECK(!outcome);
    time.advance(1s);
    while (!outcome) timed.poll();
    CHECK(outcome->error() == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(file_fixture, "the context's deadline fails a waiting call") {
    manual_clock time;
    loop timed(time);
    database db(path);
    std::promise<void> open;
    auto block = [&](transaction&) -> result<void> {
        open.get_future().wait();
        return ok();
    };
    pending<void> first(home, db.transaction(block));
    wait_until_running(db);
    timed.root_context().set_deadline(time.now() + 1s);
    std::optional<result<std::size_t>> outcome;
    auto work = [&]() -> task<void> { outcome = co_await db.execute("SELECT 1"); };
    timed.spawn(work());
    timed.poll();
    CHECK(db.stats().writing.pending == 1);
    time.advance(1s);
    while (!outcome) timed.poll();
    CHECK(outcome->error() == errc::deadline_exceeded);
    open.set_value();
    CHECK(first.wait_on(home));
}

TEST_CASE_FIXTURE(file_fixture, "a call whose deadline has passed isn't queued") {
    manual_clock time;
    loop timed(time);
    timed.root_context().set_deadline(time.now());
    database db(path);
    CHECK(timed.block_on(db.open()).error() == errc::deadline_exceeded);
    CHECK(db.stats().writing.completed == 0);
}

TEST_CASE_FIXTURE(file_fixture, "statement_timeout limits one statement") {
    manual_clock time;
    loop timed(time);
    auto options = options_for(path);
    options.statement_timeout = 2s;
    database db(options);
    std::optional<result<std::vector<std::int64_t>>> outcome;
    auto work = [&]() -> task<void> { outcome = co_await db.query<std::int64_t>(endless); };
    timed.spawn(work());
    while (!outcome) {
        time.advance(1s);
        timed.poll();
    }
    CHECK(outcome->error() == errc::deadline_exceeded);
    CHECK(outcome->error().message() == "the statement took too long");
}

TEST_CASE_FIXTURE(file_fixture, "a call waits for another program's lock until busy_timeout") {
    const other_program other(path);
    auto options = options_for(path);
    options.busy_timeout = 5ms;
    database db(options);
    const auto locked = home.block_on(db.execute("CREATE TABLE t (n INTEGER)")).error();
    CHECK(locked == errc::unavailable);
    CHECK(locked.message() == "the database is locked");
    CHECK(home.block_on(db.query<int>("SELECT 1")).value().front() == 1);
}

TEST_CASE_FIXTURE(file_fixture, "a lock released in time causes no failure") {
    auto other = std::make_unique<other_program>(path);
    database db(path);
    pending<std::size_t> call(home, db.execute("CREATE TABLE t (n INTEGER)"));
    wait_until_running(db);
    other.reset();
    CHECK(call.wait_on(home));
}

TEST_CASE_FIXTURE(file_fixture, "a call waits as long for a file that another program is creating") {
    auto without_wal = options_for(path);
    without_wal.pool.connection_init_sql = "PRAGMA journal_mode=DELETE";
    auto other = std::make_unique<other_program>(without_wal);
    auto patient = options_for(path);
    patient.busy_timeout = 1h;
    database waits(patient);
    pending<std::vector<int>> call(home, waits.query<int>("SELECT 1"));

    auto options = options_for(path);
    options.busy_timeout = 50ms;
    database gives_up(options);
    const auto begun = std::chrono::steady_clock::now();
    const auto locked = home.block_on(gives_up.query<int>("SELECT 1")).error();
    CHECK(std::chrono::steady_clock::now() - begun >= 50ms);
    CHECK(locked == errc::unavailable);
    CHECK(locked.describe().find("the database is locked") != std::string::npos);

    other.reset();
    CHECK(call.wait_on(home).has_value());
}

TEST_CASE_FIXTURE(file_fixture, "waiting for a lock can be cancelled") {
    const other_program other(path);
    auto options = options_for(path);
    options.busy_timeout = 1h;
    options.statement_timeout = 1h;
    database db(options);
    pending<std::size_t> call(home, db.execute("CREATE TABLE t (n INTEGER)"));
    wait_until_running(db);
    call.stop();
    CHECK(call.wait_on(home).error() == errc::cancelled);
}

TEST_CASE_FIXTURE(file_fixture, "a connection to a damaged file is dropped, and the repaired file works again") {
    auto options = options_for(path);
    options.readers = 1;
    database db(options);
    const repository<product> rows(db);
    CHECK(home.block_on(rows.auto_migrate()));
    std::vector<product> many(3000);
    for (auto& row : many) row.name = std::string(2000, 'x'); // more than a connection's page cache holds
    CHECK(home.block_on(rows.insert_many(many)));
    CHECK(home.block_on(db.execute("PRAGMA wal_checkpoint(TRUNCATE)")));
    std::filesystem::copy_file(path, files / "backup.db");

    const auto size = std::filesystem::file_size(path);
    std::fstream(path, std::ios::in | std::ios::out)
        .seekp(4096)
        .write(std::string(size - 4096, '\xff').data(), static_cast<std::streamsize>(size - 4096));
    const auto damaged = home.block_on(db.query<std::int64_t>("SELECT sum(length(name)) FROM products"));
    CHECK(damaged.error() == errc::unavailable);
    CHECK(damaged.error().message() == "the database's file is damaged");
    CHECK(db.stats().reading.dropped == 1);

    std::ofstream(path, std::ios::in) << std::ifstream(files / "backup.db").rdbuf();
    const auto repaired = home.block_on(db.query<std::int64_t>("SELECT sum(length(name)) FROM products"));
    CHECK(repaired.value().front() == 6'000'000);
}

TEST_CASE_FIXTURE(file_fixture, "after close calls are refused, and closing again is fine") {
    database db(path);
    fill(db);
    CHECK(home.block_on(db.close()));
    const auto refused = home.block_on(db.query<int>("SELECT 1")).error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.message() == "the database is closed");
    CHECK(home.block_on(db.close()));
    CHECK(!std::filesystem::exists(path + "-wal"));
}

TEST_CASE_FIXTURE(file_fixture, "close waits for a running call") {
    database db(path);
    std::promise<void> open;
    auto body = [&](transaction& tx) -> result<std::size_t> {
        open.get_future().wait();
        return tx.execute("CREATE TABLE t (n INTEGER)");
    };
    pending<std::size_t> call(home, db.transaction(body));
    wait_until_running(db);
    pending<void> closing(home, db.close());
    open.set_value();
    CHECK(call.wait_on(home));
    CHECK(closing.wait_on(home));
}

TEST_CASE_FIXTURE(file_fixture, "calls beyond the queue's limit are refused at once") {
    auto options = options_for(path);
    options.pool.maximum_pending = 1;
    database db(options);
    std::promise<void> open;
    auto block = [&](transaction&) -> result<void> {
        open.get_future().wait();
        return ok();
    };
    pending<void> first(home, db.transaction(block));
    wait_until_running(db);
    pending<std::size_t> second(home, db.execute("CREATE TABLE t (n INTEGER)"));
    CHECK(home.block_on(db.execute("SELECT 1")).error() == errc::unavailable);
    open.set_value();
    CHECK(first.wait_on(home));
    CHECK(second.wait_on(home));
}

TEST_CASE_FIXTURE(file_fixture, "a body runs on a database thread and completes on the loop's thread") {
    database db(path);
    const auto asked_on = std::this_thread::get_id();
    std::thread::id ran_on;
    auto work = [&]() -> task<void> {
        auto body = [&](orm::reader&) -> result<void> {
            ran_on = std::this_thread::get_id();
            return ok();
        };
        auto done = co_await db.read(body);
        CHECK(done.has_value());
        CHECK(std::this_thread::get_id() == asked_on);
    };
    home.block_on(work());
    CHECK(ran_on != asked_on);
}
