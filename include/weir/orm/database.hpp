// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/observe/log.hpp>
#include <weir/orm/detail/operations.hpp>
#include <weir/orm/pool.hpp>
#include <weir/orm/transaction.hpp>

#include <boost/assert/source_location.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::orm {

/// Options of a database. The constructor rejects invalid ones with error_exception (errc::invalid_argument) that names
/// the option. duration::max() means no limit.
struct database_options {
    /// `postgresql://user:password@host:5432/name`, `mysql://...` (link weir::orm_postgresql or weir::orm_mysql), the
    /// path of an SQLite file, created if missing, or `:memory:`. PostgreSQL URLs take libpq's options, mysql:// URLs
    /// `sslmode` (default prefer), `sslrootcert`, `sslcert`, `sslkey` and `socket`: `?sslmode=verify-full`
    std::string url = "weir.db";
    /// prefix of thread names: `db-0`, `db-1`, ...; SQLite: `db-w-0` for the writer, `db-r-0`, ... for readers
    std::string name = "db";
    pool_options pool{};     ///< connections to a server; SQLite has one pool with a writer and one with readers
    std::size_t readers = 4; ///< SQLite: connections that read; 0, as for `:memory:`: reads use the writer's
    duration busy_timeout = std::chrono::seconds(3); ///< SQLite: wait for another program's lock; 0: none
    /// time for a server to accept a connection (at least 2 s), and for its kernel to acknowledge sent data
    duration connect_timeout = std::chrono::seconds(2);
    duration statement_timeout = std::chrono::seconds(5); ///< limit of one statement; more than 0
    /// PostgreSQL: whether to prepare statements, which a connection keeps. A pooler in transaction mode (PgBouncer)
    /// moves each transaction to another connection: false sends every statement whole and sets statement_timeout per
    /// transaction. Outside of one only the client enforces it, and settings of connection_init_sql may be lost. Unset:
    /// false behind a pooler, true on a direct connection.
    std::optional<bool> prepared_statements{};
    const weir::clock* time = &system_clock(); ///< clock for waiting for connections and for their age
    logger log{};                              ///< receives PostgreSQL's notices and warnings
};

struct database_stats {
    pool_stats writing{}; ///< the only pool of a server
    pool_stats reading{};
};

/// A database behind a pool of connections with a thread each; SQLite has one writer and several concurrent readers
/// (WAL). A call is one job on one connection, so a `read` or `transaction` body costs one hop however many queries it
/// runs. Process-wide: callable from any loop; a call completes on its caller's loop. A call ends at its context's
/// deadline (errc::deadline_exceeded) or on cancellation (errc::cancelled): the database is asked to stop the
/// statement, a server that doesn't within 250 ms is disconnected, and the call completes after its job.
/// errc::unavailable: unreachable, locked for too long, no connection in time, too many calls, closed.
class database {
public:
    explicit database(std::string url);
    explicit database(database_options options);
    ~database(); ///< waits for running calls
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    /// Opens a connection now, so that an unusable database is detected at start-up; retries until
    /// initialization_fail_timeout.
    task<result<void>> open();

    /// Sends a trivial query on a connection for reads, for an app's readiness check. Succeeds at once while all of
    /// SQLite's connections are in use.
    task<result<void>> ping();

    /// Refuses new calls, waits for queued and running ones, then closes every connection. At the context's deadline,
    /// and on cancellation, queued calls fail with errc::unavailable and running ones are cancelled. Idempotent.
    task<result<void>> close();

    /// Runs `body(transaction&) -> result<R>` on a database thread as one job in one transaction; its calls are
    /// synchronous. Commits if it returns a value; rolls back if it returns an error or throws, at the deadline and on
    /// cancellation. Its captured references must outlive the task and be untouched by other threads until it ends.
    /// Runs up to five times after a conflict with another transaction or a table that has just changed (error code
    /// `try_again`), so it should change nothing but rows. `where` names the caller in leak reports.
    template<class F>
    auto transaction(F&& body, boost::source_location where = BOOST_CURRENT_LOCATION);

    /// Runs `body(reader&) -> result<R>` on a database thread as one job on one connection.
    template<class F>
    auto read(F&& body, boost::source_location where = BOOST_CURRENT_LOCATION);

    /// Runs a custom SELECT. A row is a described struct, whose members are the columns in their order, or a single
    /// value. Arguments are bound to the question marks; `??` is a literal question mark. The rest of the SQL is passed
    /// on unchanged.
    ///
    ///     db.query<std::int64_t>("SELECT sum(stock) FROM products WHERE price_cents < ?", 1000)
    template<class Row, class... Args>
    task<result<std::vector<Row>>> query(std::string sql, Args&&... args);

    /// Runs a custom statement that writes; returns the number of changed rows.
    template<class... Args>
    task<result<std::size_t>> execute(std::string sql, Args&&... args);

    database_stats stats() const;

    /// Runs `job(session&) -> result<R>`; the primitive under repositories and queries.
    template<class R, class F>
    task<result<R>> perform(access how, F job, boost::source_location where = {}) {
        return answer<R>(*this, how, kept_job(new typed_job<R, F>(std::move(job))), where);
    }

    /// Makes a `:memory:` database create this table before its next job; no effect on files, which use auto_migrate.
    void expect(const table_info& table);

private:
    struct impl;

    struct session_job {
        virtual ~session_job() = default;
        virtual void work(session& s) = 0;
        virtual error failure() const = 0; ///< of the last run

        bool is_transaction = false;
    };

    // Owns a job of any type; a unique_ptr per type would be compiled again in each file.
    class kept_job {
    public:
        explicit kept_job(session_job* made) noexcept : job_(made) {}
        kept_job(kept_job&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
        kept_job& operator=(kept_job&&) = delete;
        ~kept_job() { delete job_; }

        session_job& operator*() const noexcept { return *job_; }

    private:
        session_job* job_;
    };

    template<class R>
    struct answering_job : session_job {
        // NOLINTNEXTLINE(modernize-use-equals-default): the union has no constructor of its own
        answering_job() noexcept {}
        ~answering_job() override { forget(); }
        error failure() const override { return answered && out.has_error() ? out.error() : error(); }
        void forget() noexcept {
            if (std::exchange(answered, false)) std::destroy_at(&out);
        }

        bool answered = false;
        union {
            result<R> out; ///< valid if `answered`
        };
    };

    template<class R, class F>
    struct typed_job final : answering_job<R> {
        explicit typed_job(F&& callable) : f(std::move(callable)) {}
        void work(session& s) override {
            this->forget();
            ::new (static_cast<void*>(&this->out)) result<R>(f(s));
            this->answered = true;
        }

        F f;
    };

    /// Runs a job; repeats a transaction that may succeed in another run.
    task<result<void>> run(access how, session_job& job, boost::source_location where);
    task<result<void>> run_once(access how, session_job& job, boost::source_location where);
    task<result<void>> run_again(access how, session_job& job, boost::source_location where);

    // Calls the functions of `on_commit`, and logs their exceptions.
    void after_commit(orm::transaction& done) noexcept;

    // One coroutine per result type, not per query: coroutines are the slowest part of compilation.
    template<class R>
    static task<result<R>> answer(database& self, access how, kept_job job, boost::source_location where) {
        auto ran = co_await self.run(how, *job, where);
        if (!ran) co_return detail::failed<R>(ran.error());
        co_return std::move(static_cast<answering_job<R>&>(*job).out);
    }

    // Sleeps, longer each time, and returns true if the transaction may succeed in another run.
    static task<bool> wait_for_next_run(const error& why, int runs);

    std::unique_ptr<impl> impl_;
};

extern template task<result<void>> database::answer<void>(database&, access, kept_job, boost::source_location);
extern template task<result<bool>> database::answer<bool>(database&, access, kept_job, boost::source_location);
extern template task<result<std::int64_t>> database::answer<std::int64_t>(
    database&, access, kept_job, boost::source_location);
extern template task<result<std::size_t>> database::answer<std::size_t>(
    database&, access, kept_job, boost::source_location);

template<class F>
auto database::transaction(F&& body, boost::source_location where) {
    static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
    using answer = std::invoke_result_t<std::decay_t<F>&, orm::transaction&>;
    static_assert(is_result<answer>, "the body of a transaction returns weir::result<...>");
    auto job = [this, body = std::decay_t<F>(std::forward<F>(body))](session& s) mutable {
        orm::transaction tx(s);
        auto out = detail::atomically(s, [&] { return body(tx); });
        if (out) after_commit(tx);
        return out;
    };
    using value = typename answer::value_type;
    auto* const kept = new typed_job<value, decltype(job)>(std::move(job));
    kept->is_transaction = true;
    return database::answer<value>(*this, access::write, kept_job(kept), where);
}

template<class F>
auto database::read(F&& body, boost::source_location where) {
    static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
    using answer = std::invoke_result_t<std::decay_t<F>&, reader&>;
    static_assert(is_result<answer>, "the body of a read returns weir::result<...>");
    auto job = [body = std::decay_t<F>(std::forward<F>(body))](session& s) mutable {
        reader r(s);
        return body(r);
    };
    return perform<typename answer::value_type>(access::read, std::move(job), where);
}

template<class Row, class... Args>
task<result<std::vector<Row>>> database::query(std::string sql, Args&&... args) {
    auto job = [asked = detail::statement(std::move(sql), std::forward<Args>(args)...)](session& s) {
        return detail::query_rows<Row>(s, asked);
    };
    return perform<std::vector<Row>>(access::read, std::move(job));
}

template<class... Args>
task<result<std::size_t>> database::execute(std::string sql, Args&&... args) {
    auto job = [asked = detail::statement(std::move(sql), std::forward<Args>(args)...)](session& s) {
        return detail::execute(s, asked);
    };
    return perform<std::size_t>(access::write, std::move(job));
}

} // namespace weir::orm

namespace weir {

using orm::database;
using orm::database_options;
using orm::transaction;

} // namespace weir
