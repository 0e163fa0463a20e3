// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/orm/drill.hpp"

#include <atomic>
#include <csignal>

#ifdef WEIR_SERVERS

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

SERVER_TEST_CASE("two transactions that lock each other's rows both succeed, one in a later run") {
    running_server(kind);
    open_database on(kind);
    const auto products = on.table<product>();
    std::vector<product> two(2);
    CHECK(on.ask(products.insert_many(two)));
    std::atomic<int> runs = 0;
    std::promise<void> has_first;
    std::promise<void> has_second;
    const auto add_to_both =
        [&](std::int64_t from, std::int64_t to, std::promise<void>& mine, std::promise<void>& other) {
            loop home;
            int run = 0;
            auto body = [&](transaction& tx) -> result<void> {
                ++runs;
                ++run;
                auto first = tx.execute("UPDATE products SET stock = stock + 1 WHERE id = ?", from);
                if (!first) return first.error();
                if (run == 1) {
                    mine.set_value();
                    other.get_future().wait();
                }
                auto second = tx.execute("UPDATE products SET stock = stock + 1 WHERE id = ?", to);
                if (!second) return second.error();
                return ok();
            };
            const auto done = home.block_on(on.db.transaction(body));
            INFO((done ? std::string() : done.error().describe()));
            CHECK(done);
            return done.has_value();
        };
    auto one = std::async(std::launch::async, [&] { return add_to_both(1, 2, has_first, has_second); });
    CHECK(add_to_both(2, 1, has_second, has_first));
    CHECK(one.get());
    CHECK(runs.load() >= 3);
    for (const auto& row : on.ask(products.all()).value()) CHECK(row.stock == 2);
}

SERVER_TEST_CASE("a read-only connection refuses to write") {
    running_server(kind);
    open_database on(kind);
    const auto rows = on.table<todo>();
    auto chosen = on.where.options();
    chosen.pool.connection_init_sql = kind.read_only;
    database db(chosen);
    todo row;
    const auto refused = on.ask(repository<todo>(db).insert(row)).error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.message() == "the database is read-only");
    CHECK(on.ask(repository<todo>(db).count()).value() == 0);
    CHECK(on.ask(rows.insert(row)));
}

SERVER_TEST_CASE("an unreachable server is one clear error, with the driver's message in the log") {
    drill on(kind);
    on.open(2);
    on.server.kill();
    const auto failed = on.home.block_on(on.db->open()).error();
    CHECK(failed == errc::unavailable);
    CHECK(failed.message() == "the database can't be reached");
    CHECK(!failed.cause().message().empty());
}

SERVER_TEST_CASE("open waits for a server that starts later") {
    drill on(kind);
    on.server.kill();
    auto chosen = on.where.options();
    chosen.pool.initialization_fail_timeout = 1min;
    on.db.emplace(chosen);
    pending<void> opening(on.home, on.db->open());
    on.server.start();
    CHECK(opening.wait_on(on.home));
}

SERVER_TEST_CASE("a connection that the server ends during a transaction is lost, and the next call gets another") {
    drill on(kind);
    on.open(1);
    auto body = [&](transaction& tx) -> result<void> {
        const auto me = tx.query<std::int64_t>(kind.this_connection).value().front();
        on.end_connection(me);
        const auto lost = tx.query<std::int64_t>("SELECT 1").error();
        CHECK(lost == errc::unavailable);
        CHECK(lost.message() == "the connection to the database was lost");
        return lost;
    };
    CHECK(on.home.block_on(on.db->transaction(body)).error() == errc::unavailable);
    CHECK(on.db->stats().writing.dropped == 1);
    CHECK(on.ask("SELECT 1").has_value());
}

SERVER_TEST_CASE("a transaction whose connection is lost during the commit has an unknown outcome") {
    drill on(kind);
    on.open(1);
    auto body = [&](transaction& tx) -> result<void> {
        on.end_connection(tx.query<std::int64_t>(kind.this_connection).value().front());
        return ok();
    };
    const auto unknown = on.home.block_on(on.db->transaction(body)).error();
    CHECK(unknown == errc::unavailable);
    CHECK(unknown.code() == "outcome_unknown");
}

SERVER_TEST_CASE("a write whose answer is lost has an unknown outcome, a read doesn't") {
    drill on(kind);
    testing::fault_proxy line(on.server.port());
    on.open_over(line);
    const auto write = [&] { return on.home.block_on(on.db->execute("INSERT INTO notes VALUES (?)", 1)); };
    on.home.block_on(on.db->execute("CREATE TABLE notes (n BIGINT)")).value();
    for (const auto& what : {testing::fault::cut_after(0), testing::fault::reset_after(0)}) {
        CHECK(write()); // the statement is prepared now
        line.set(testing::direction::to_client, what);
        const auto unknown = write().error();
        CHECK(unknown == errc::unavailable);
        CHECK(unknown.code() == "outcome_unknown");
        line.set({});
        on.wait_for_recovery();
        line.set(testing::direction::to_client, what);
        const auto lost = on.ask("SELECT 1").error();
        CHECK(lost == errc::unavailable);
        CHECK(lost.code() == "unavailable");
        line.set({});
        on.wait_for_recovery();
    }
    CHECK(on.ask("SELECT count(*) FROM notes").value().front() == 4); // the answers were lost, and no row

    CHECK(write());
    line.set(testing::direction::to_client, testing::fault::blackhole());
    loop hurried;
    hurried.root_context().set_deadline(hurried.clock().now() + 1s);
    const auto late = hurried.block_on(on.db->execute("INSERT INTO notes VALUES (?)", 1)).error();
    CHECK(late == errc::deadline_exceeded);
    CHECK(late.code() == "outcome_unknown");
    line.set({});
    on.wait_for_recovery();
    CHECK(on.ask("SELECT count(*) FROM notes").value().front() == 6);
}

SERVER_TEST_CASE("losing a connection during a result costs only that connection") {
    drill on(kind);
    testing::fault_proxy line(on.server.port());
    on.open_over(line);
    on.home.block_on(on.db->execute("CREATE TABLE notes (text VARCHAR(1000))")).value();
    const auto write = [&] { return on.db->execute("INSERT INTO notes VALUES (?)", std::string(1000, 'x')); };
    for (int i = 0; i < 100; ++i) on.home.block_on(write()).value();
    const auto read = [&] { return on.home.block_on(on.db->query<std::string>("SELECT text FROM notes")); };
    CHECK(read().value().size() == 100);
    for (const auto& what : {testing::fault::cut_after(50'000), testing::fault::reset_after(50'000)}) {
        line.set(testing::direction::to_client, what);
        const auto lost = read().error();
        CHECK(lost == errc::unavailable);
        CHECK(lost.message() == "the connection to the database was lost");
        line.set({});
        on.wait_for_recovery();
        CHECK(read().value().size() == 100);
    }
    CHECK(on.db->stats().writing.dropped >= 2);
}

SERVER_TEST_CASE("a connection that the server ended while idle isn't lent") {
    drill on(kind);
    on.open(1);
    const auto before = on.connection();
    on.end_connection(before);
    on.wait_for_another_connection(before);
    CHECK(on.db->stats().writing.dropped == 1);
}

SERVER_TEST_CASE("a connection whose network died silently while idle costs its next call a second") {
    manual_clock time; // outlives the database
    drill on(kind);
    testing::fault_proxy line(on.server.port());
    auto chosen = over(line, kind, on.where.options());
    chosen.time = &time;
    chosen.pool.maximum_pool_size = 1;
    on.db.emplace(chosen);
    const auto before = on.connection();
    time.advance(500ms); // it is asked before it is lent
    line.set(testing::direction::to_client, testing::fault::blackhole());
    const auto swallowed = line.stats().read_from_upstream;
    const auto begun = std::chrono::steady_clock::now();
    pending<std::vector<std::int64_t>> call(on.home, on.db->query<std::int64_t>(kind.this_connection));
    CHECK(line.wait_until([&](const auto& now) { return now.read_from_upstream > swallowed; }));
    line.set({});
    const auto after = call.wait_on(on.home);
    CHECK(after.value().front() != before);
    CHECK(std::chrono::steady_clock::now() - begun < 4s);
}

SERVER_TEST_CASE("a one-way outage that ends is recovered from within two seconds") {
    drill on(kind);
    testing::fault_proxy line(on.server.port());
    auto chosen = over(line, kind, on.where.options());
    chosen.connect_timeout = database_options{}.connect_timeout;
    chosen.statement_timeout = database_options{}.statement_timeout;
    on.db.emplace(chosen);
    on.fill(3);
    using steady = std::chrono::steady_clock;
    for (const auto outage : {300ms, 1300ms, 1900ms, 2700ms}) { // shorter and longer than an attempt to connect
        line.set(testing::direction::to_client, testing::fault::blackhole());
        const auto heals = steady::now() + outage;
        while (steady::now() < heals) {
            loop hurried;
            hurried.root_context().set_deadline(
                hurried.clock().now() + std::min<duration>(300ms, heals - steady::now()));
            CHECK_FALSE(hurried.block_on(on.db->query<std::int64_t>("SELECT 1")));
        }
        line.heal();
        const auto healed = steady::now();
        on.wait_for_recovery();
        CHECK(steady::now() - healed < 2s);
    }
}

SERVER_TEST_CASE("a network that accepts no more data ends a statement long before its timeout") {
    drill on(kind);
    testing::fault_proxy line(on.server.port());
    auto chosen = over(line, kind, on.where.options());
    chosen.pool.maximum_pool_size = 1;
    chosen.connect_timeout = 2s;
    chosen.statement_timeout = 10min;
    on.db.emplace(chosen);
    const auto send = [&](std::string text) {
        return on.home.block_on(on.db->query<std::string>("SELECT ?", std::move(text)));
    };
    CHECK(send("it is prepared now").has_value());
    line.set(testing::direction::to_upstream, testing::fault::deaf());
    std::string large;
    large.resize(15'000'000, 'x');
    const auto lost = send(std::move(large)).error();
    CHECK(lost == errc::unavailable);
    CHECK(lost.message() == "the connection to the database was lost");
    line.set({});
    on.wait_for_recovery();
}

SERVER_TEST_CASE("a killed and restarted server costs its callers an error, and nothing else") {
    drill on(kind);
    on.open(3);
    on.fill(3);
    on.server.kill();
    for (int i = 0; i < 5; ++i) {
        const auto away = on.ask("SELECT 1").error();
        CHECK(away == errc::unavailable);
    }
    on.server.start();
    const auto back = std::chrono::steady_clock::now();
    on.wait_for_recovery();
    CHECK(std::chrono::steady_clock::now() - back < 30s);
    CHECK(on.db->stats().writing.idle >= 1);
}

SERVER_TEST_CASE("a server killed during a statement is an error at once") {
    drill on(kind);
    on.open(1);
    std::promise<void> begun;
    auto body = [&](orm::reader& r) -> result<std::vector<std::int64_t>> {
        begun.set_value();
        return r.query<std::int64_t>(kind.endless);
    };
    pending<std::vector<std::int64_t>> call(on.home, on.db->read(body));
    begun.get_future().wait();
    on.server.kill();
    CHECK(call.wait_on(on.home).error() == errc::unavailable);
    on.server.start();
    on.wait_for_recovery();
}

#ifdef WEIR_TEST_POSTGRES
TEST_CASE("killing one PostgreSQL backend ends all, and calls succeed once they are back") {
    drill on(postgres);
    drill other(postgres);
    on.open(2);
    on.fill(2);
    other.open(1);
    const auto before = other.connection();
    auto body = [&](transaction& tx) -> result<void> {
        const auto me = static_cast<pid_t>(tx.query<std::int64_t>(postgres.this_connection).value().front());
        REQUIRE(::kill(me, SIGKILL) == 0);
        const auto lost = tx.query<std::int64_t>("SELECT 1").error();
        CHECK(lost.message() == "the connection to the database was lost");
        return lost;
    };
    CHECK(on.home.block_on(on.db->transaction(body)).error() == errc::unavailable);
    other.wait_for_another_connection(before);
    on.wait_for_recovery();
}
#endif

SERVER_TEST_CASE("a frozen server holds no call beyond its deadline, and works again once it thaws") {
    drill on(kind);
    on.open(2);
    on.fill(2);
    on.server.freeze();
    const auto frozen_at = std::chrono::steady_clock::now();
    std::optional<result<std::vector<std::int64_t>>> waits_for_answer;
    std::optional<result<std::vector<std::int64_t>>> waits_for_connection;
    loop hurried;
    hurried.root_context().set_deadline(hurried.clock().now() + 500ms);
    auto call = [&](auto& outcome) -> task<void> { outcome = co_await on.db->query<std::int64_t>("SELECT 1"); };
    for (int i = 0; i < 2; ++i) {
        waits_for_answer.reset();
        hurried.spawn(call(waits_for_answer));
        while (!waits_for_answer) hurried.run_one();
        CHECK(waits_for_answer->error() == errc::deadline_exceeded);
        hurried.root_context().set_deadline(hurried.clock().now() + 500ms);
    }
    hurried.spawn(call(waits_for_connection));
    while (!waits_for_connection) hurried.run_one();
    CHECK(waits_for_connection->error() == errc::deadline_exceeded);
    CHECK(std::chrono::steady_clock::now() - frozen_at < 30s);
    while (on.db->stats().writing.dropped < 2) std::this_thread::yield(); // one was asked before it was lent

    on.server.thaw();
    on.wait_for_recovery();
}

SERVER_TEST_CASE("a call to a frozen server can be cancelled, and the database closed") {
    drill on(kind);
    on.open(1);
    CHECK(on.ask("SELECT 1").has_value());
    on.server.freeze();
    pending<std::vector<std::int64_t>> call(on.home, on.db->query<std::int64_t>("SELECT 1"));
    while (on.db->stats().writing.active == 0 && !call.outcome) std::this_thread::yield();
    call.stop();
    CHECK(call.wait_on(on.home).error() == errc::cancelled);
    CHECK(on.home.block_on(on.db->close()));
    on.server.thaw();
}

#endif
