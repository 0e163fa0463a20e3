// SPDX-License-Identifier: MIT
// labels: concurrency
// Statements that end early: the server is asked to stop them, and the connection stays usable.
#include "integration/orm/drill.hpp"

#ifdef WEIR_SERVERS

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

using read_numbers = std::vector<std::int64_t>;

struct hurried_loop : loop {
    explicit hurried_loop(duration time) { root_context().set_deadline(clock().now() + time); }
};

// Runs an endless statement in its own job; the server is executing it once this is constructed.
struct endless_call {
    pending<read_numbers> call;

    explicit endless_call(drill& on) : call(on.home, on.db->query<std::int64_t>(on.kind.endless)) {
        loop other;
        database watcher(on.where.options());
        while (other.block_on(watcher.query<std::int64_t>(on.kind.count_endless)).value().front() == 0)
            std::this_thread::yield();
    }
};

} // namespace

SERVER_TEST_CASE("a cancelled statement ends on the server, and its connection is reused") {
    drill on(kind);
    on.open(1);
    const auto before = on.connection();
    for (int i = 0; i < 3; ++i) {
        endless_call endless(on);
        endless.call.stop();
        CHECK(endless.call.wait_on(on.home).error() == errc::cancelled);
        CHECK(on.connection() == before);
    }
    CHECK(on.db->stats().writing.opened == 1);
    CHECK(on.db->stats().writing.dropped == 0);
}

SERVER_TEST_CASE("a statement at its deadline ends on the server, and its connection is reused") {
    drill on(kind);
    on.open(1);
    const auto before = on.connection();
    hurried_loop hurried(300ms);
    CHECK(hurried.block_on(on.db->query<std::int64_t>(kind.endless)).error() == errc::deadline_exceeded);
    CHECK(on.connection() == before);
}

SERVER_TEST_CASE("a transaction cancelled during a statement is rolled back on its connection") {
    drill on(kind);
    on.open(1);
    const auto before = on.connection();
    on.home.block_on(on.db->execute("CREATE TABLE notes (n BIGINT)")).value();
    std::promise<void> begun;
    auto body = [&](transaction& tx) -> result<void> {
        tx.execute("INSERT INTO notes VALUES (?)", 1).value();
        begun.set_value();
        if (auto ended = tx.query<std::int64_t>(kind.endless); !ended) return ended.error();
        return ok();
    };
    pending<void> call(on.home, on.db->transaction(body));
    begun.get_future().wait();
    call.stop();
    CHECK(call.wait_on(on.home).error() == errc::cancelled);
    CHECK(on.ask("SELECT count(*) FROM notes").value().front() == 0);
    CHECK(on.connection() == before);
}

SERVER_TEST_CASE("a write cancelled on the server has a known outcome") {
    drill on(kind);
    on.open(1);
    on.home.block_on(on.db->execute("CREATE TABLE notes (n BIGINT)")).value();
    hurried_loop hurried(300ms);
    const auto late = hurried.block_on(on.db->execute(std::string("INSERT INTO notes ") + kind.endless)).error();
    CHECK(late == errc::deadline_exceeded);
    CHECK(late.code() == "deadline_exceeded");
    CHECK(on.ask("SELECT count(*) FROM notes").value().front() == 0);
}

SERVER_TEST_CASE("a cancel request that arrives after its statement doesn't end the next one") {
    drill on(kind);
    on.open(1);
    for (int i = 0; i < 200; ++i) {
        pending<read_numbers> call(on.home, on.db->query<std::int64_t>(kind.sleep, (i % 3) / 1000.0));
        while (on.db->stats().writing.active == 0 && !call.outcome) on.home.poll();
        call.stop();
        const auto& ended = call.wait_on(on.home);
        CHECK((ended || ended.error() == errc::cancelled));
        const auto next = on.ask("SELECT 1");
        INFO((next ? std::string() : next.error().describe()));
        CHECK(next.has_value());
    }
    CHECK(on.db->stats().writing.opened == 1);
}

SERVER_TEST_CASE("a row stored while its call is cancelled keeps its generated key") {
    open_database on(kind);
    const auto rows = on.table<todo>();
    for (int i = 0; i < 50; ++i) {
        todo row;
        pending<void> call(on.home, rows.insert(row));
        while (on.db.stats().writing.active == 0 && !call.outcome) on.home.poll();
        call.stop();
        if (call.wait_on(on.home)) CHECK(row.id > 0);
    }
}

SERVER_TEST_CASE("a connection is cut if the server doesn't end a statement, and counts until the server closes it") {
    drill on(kind);
    on.open(1);
    {
        endless_call endless(on);
        on.server.freeze();
        endless.call.stop();
        CHECK(endless.call.wait_on(on.home).error() == errc::cancelled);
    }
    auto now = on.db->stats().writing;
    CHECK(now.dropped == 1);
    CHECK(now.leaving == 1);
    CHECK(now.total() == 1);
    on.server.thaw();
    on.wait_for_recovery();
}

#ifdef WEIR_TEST_POSTGRES
// Between BEGIN and the statement limit, which is set per transaction if statements aren't prepared.
TEST_CASE("a transaction cancelled before its first statement ends, in transaction() and in each()") {
    drill on(postgres);
    testing::fault_proxy line(on.server.port());
    auto chosen = over(line, postgres, on.where.options());
    chosen.prepared_statements = false;
    chosen.pool.maximum_pool_size = 1;
    on.db.emplace(chosen);
    const repository<todo> rows(*on.db);
    CHECK(on.home.block_on(rows.auto_migrate()));
    auto look = [](const todo&) {};
    auto write = [](transaction& tx) { return tx.execute("DELETE FROM todos"); };
    const auto cancel_at_begin = [&](auto work, auto outcome) {
        line.set(testing::direction::to_client, testing::fault::delay(100ms));
        const auto before = line.stats().read_from_upstream;
        pending<decltype(outcome)> call(on.home, std::move(work));
        CHECK(line.wait_until([&](const auto& now) { return now.read_from_upstream > before; }));
        call.stop();
        line.set({});
        CHECK(call.wait_on(on.home).error() == errc::cancelled);
        todo row;
        CHECK(on.home.block_on(rows.insert(row)));
        loop other;
        database admin(on.where.options());
        const auto open = other.block_on(admin.query<std::int64_t>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"));
        CHECK(open.value().front() == 0);
    };
    cancel_at_begin(rows.rows().each(look), std::size_t());
    cancel_at_begin(on.db->transaction(write), std::size_t());
}
#endif

#endif
