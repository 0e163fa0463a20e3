// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/orm/backends.hpp"

#include <atomic>
#include <csignal>
#include <future>

#ifdef WEIR_SERVERS

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

// A server that tests kill and freeze, and leave running; and a database on it.
template<class Backend>
typename Backend::server& running_server() {
    auto& server = Backend::shared();
    if (!server.running()) server.start();
    return server;
}

template<class Backend>
struct drill {
    typename Backend::server& server = running_server<Backend>();
    Backend where{server};
    loop home;
    std::optional<database> db;

    void open(std::size_t connections) {
        auto chosen = where.options();
        chosen.pool.maximum_pool_size = connections;
        db.emplace(std::move(chosen));
    }

    // So many connections are open and idle.
    void fill(std::size_t connections) {
        std::promise<void> go;
        const auto all_there = go.get_future().share();
        std::vector<std::unique_ptr<pending<void>>> calls;
        auto wait = [all_there](orm::reader&) -> result<void> {
            all_there.wait();
            return ok();
        };
        for (std::size_t i = 0; i < connections; ++i)
            calls.push_back(std::make_unique<pending<void>>(home, db->read(wait)));
        while (db->stats().writing.active < connections) std::this_thread::yield();
        go.set_value();
        for (auto& call : calls) CHECK(call->wait_on(home));
    }

    result<std::vector<std::int64_t>> ask(std::string sql) {
        return home.block_on(db->query<std::int64_t>(std::move(sql)));
    }

    // Ends another connection of the server's, from one of its own.
    static void end_connection(const Backend& at, std::int64_t which) {
        loop other;
        auto chosen = at.options();
        database admin(std::move(chosen));
        auto end = [which](transaction& tx) -> result<void> {
            if (std::string_view(Backend::end_connection).starts_with("SELECT"))
                CHECK(tx.query<std::int64_t>(Backend::end_connection, which).value().front() == 1);
            else
                CHECK(tx.execute(Backend::end_connection, which));
            return ok();
        };
        CHECK(other.block_on(admin.transaction(end)));
    }

    std::int64_t connection() { return ask(Backend::this_connection).value().front(); }

    // The server's farewell may be on its way yet: a call that comes too early hears of it.
    void wait_for_another_connection(std::int64_t before) {
        for (auto after = ask(Backend::this_connection); !after || after->front() == before;
             after = ask(Backend::this_connection))
            std::this_thread::yield();
    }

    // Callers come until one is served.
    void wait_for_recovery() {
        while (!ask("SELECT 1")) std::this_thread::yield();
    }
};

} // namespace

TEST_CASE_TEMPLATE("two transactions that lock each other's rows both end well, one in a later run", Backend,
                   WEIR_SERVERS) {
    running_server<Backend>();
    open_database<Backend> on;
    const auto products = on.template table<product>();
    std::vector<product> two(2);
    CHECK(on.ask(products.insert_many(two)));
    std::atomic<int> runs = 0;
    std::promise<void> has_first;
    std::promise<void> has_second;
    const auto add_to_both = [&](std::int64_t from, std::int64_t to, std::promise<void>& mine,
                                 std::promise<void>& other) {
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

TEST_CASE_TEMPLATE("a connection that is set up to read only refuses to write", Backend, WEIR_SERVERS) {
    running_server<Backend>();
    open_database<Backend> on;
    const auto rows = on.template table<todo>();
    auto chosen = on.where.options();
    chosen.pool.connection_init_sql = Backend::read_only;
    database db(chosen);
    todo row;
    const auto refused = on.ask(repository<todo>(db).insert(row)).error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.message() == "the database is read-only here");
    CHECK(on.ask(repository<todo>(db).count()).value() == 0);
    CHECK(on.ask(rows.insert(row)));
}

TEST_CASE_TEMPLATE("a server that isn't there is one clear error, with the driver's words for the log", Backend,
                   WEIR_SERVERS) {
    drill<Backend> on;
    on.open(2);
    on.server.kill();
    const auto failed = on.home.block_on(on.db->open()).error();
    CHECK(failed == errc::unavailable);
    CHECK(failed.message() == "the database can't be reached");
    CHECK(!failed.cause().message().empty());
}

TEST_CASE_TEMPLATE("open waits for a server that starts later", Backend, WEIR_SERVERS) {
    drill<Backend> on;
    on.server.kill();
    auto chosen = on.where.options();
    chosen.pool.initialization_fail_timeout = 1min;
    on.db.emplace(chosen);
    pending<void> opening(on.home, on.db->open());
    on.server.start();
    CHECK(opening.wait_on(on.home));
}

TEST_CASE_TEMPLATE("a connection that the server ends within a transaction is lost, and the next call has another",
                   Backend, WEIR_SERVERS) {
    drill<Backend> on;
    on.open(1);
    auto body = [&](transaction& tx) -> result<void> {
        const auto me = tx.query<std::int64_t>(Backend::this_connection).value().front();
        on.end_connection(on.where, me);
        const auto lost = tx.query<std::int64_t>("SELECT 1").error();
        CHECK(lost == errc::unavailable);
        CHECK(lost.message() == "the connection to the database was lost");
        return lost;
    };
    CHECK(on.home.block_on(on.db->transaction(body)).error() == errc::unavailable);
    CHECK(on.db->stats().writing.dropped == 1);
    CHECK(on.ask("SELECT 1").has_value());
}

TEST_CASE_TEMPLATE("a transaction whose connection is lost before it is stored has an unknown outcome", Backend,
                   WEIR_SERVERS) {
    drill<Backend> on;
    on.open(1);
    auto body = [&](transaction& tx) -> result<void> {
        on.end_connection(on.where, tx.query<std::int64_t>(Backend::this_connection).value().front());
        return ok();
    };
    const auto unknown = on.home.block_on(on.db->transaction(body)).error();
    CHECK(unknown == errc::unavailable);
    CHECK(unknown.code() == "outcome_unknown");
}

TEST_CASE_TEMPLATE("a connection that the server ended while it was idle isn't lent", Backend, WEIR_SERVERS) {
    drill<Backend> on;
    on.open(1);
    const auto before = on.connection();
    on.end_connection(on.where, before);
    on.wait_for_another_connection(before);
    CHECK(on.db->stats().writing.dropped == 1);
}

TEST_CASE_TEMPLATE("a server that is killed and comes back costs its callers an error, and nothing else", Backend,
                   WEIR_SERVERS) {
    drill<Backend> on;
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

TEST_CASE_TEMPLATE("a server killed within a statement is an error at once", Backend, WEIR_SERVERS) {
    drill<Backend> on;
    on.open(1);
    std::promise<void> begun;
    auto body = [&](orm::reader& r) -> result<std::vector<std::int64_t>> {
        begun.set_value();
        return r.query<std::int64_t>(Backend::endless);
    };
    pending<std::vector<std::int64_t>> call(on.home, on.db->read(body));
    begun.get_future().wait();
    on.server.kill();
    CHECK(call.wait_on(on.home).error() == errc::unavailable);
    on.server.start();
    on.wait_for_recovery();
}

#ifdef WEIR_TEST_POSTGRES
TEST_CASE("a backend of PostgreSQL's that is killed takes the others with it, and calls go on when they are back") {
    drill<on_postgres> on;
    drill<on_postgres> other;
    on.open(2);
    on.fill(2);
    other.open(1);
    const auto before = other.connection();
    auto body = [&](transaction& tx) -> result<void> {
        const auto me = static_cast<pid_t>(tx.query<std::int64_t>(on_postgres::this_connection).value().front());
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

TEST_CASE_TEMPLATE("a frozen server holds nobody beyond his deadline, and serves again when it thaws", Backend,
                   WEIR_SERVERS) {
    drill<Backend> on;
    on.open(2);
    on.fill(2);
    on.server.freeze();
    const auto frozen_at = std::chrono::steady_clock::now();
    std::optional<result<std::vector<std::int64_t>>> waits_for_answer;
    std::optional<result<std::vector<std::int64_t>>> waits_for_connection;
    loop hurried;
    hurried.root_context().set_deadline(hurried.clock().now() + 500ms);
    auto call = [&](auto& outcome) -> task<void> {
        outcome = co_await on.db->template query<std::int64_t>("SELECT 1");
    };
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
    while (on.db->stats().writing.dropped < 2) std::this_thread::yield(); // one was asked before it was to be lent

    on.server.thaw();
    on.wait_for_recovery();
}

TEST_CASE_TEMPLATE("a call to a frozen server can be cancelled, and the database be closed", Backend, WEIR_SERVERS) {
    drill<Backend> on;
    on.open(1);
    CHECK(on.ask("SELECT 1").has_value());
    on.server.freeze();
    pending<std::vector<std::int64_t>> call(on.home, on.db->template query<std::int64_t>("SELECT 1"));
    while (on.db->stats().writing.active == 0 && !call.outcome) std::this_thread::yield();
    call.stop();
    CHECK(call.wait_on(on.home).error() == errc::cancelled);
    CHECK(on.home.block_on(on.db->close()));
    on.server.thaw();
}

#endif
