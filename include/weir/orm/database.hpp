// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/observe/log.hpp>
#include <weir/orm/operations.hpp>
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

/// What a database is made with. Options that can't be kept throw error_exception (errc::invalid_argument) with the
/// option's name from the database's constructor. duration::max() means no limit.
struct database_options {
    /// `postgresql://user:password@host:5432/name`, `mysql://...` (link weir::orm_postgresql or weir::orm_mysql),
    /// an SQLite file, made when missing, or `:memory:`. A server's URL takes libpq's options, mysql:// of them
    /// `sslmode` (prefer), `sslrootcert`, `sslcert` and `sslkey`, and `socket`: `?sslmode=verify-full`
    std::string url = "weir.db";
    std::string name = "db"; ///< thread names: `db-0`, `db-1`, ...; SQLite's are `db-w-0` and, for readers, `db-r-0`
    pool_options pool{};     ///< connections; SQLite has one that writes and, in another pool, those that read
    std::size_t readers = 4; ///< SQLite: connections that read; 0, as for `:memory:`: the one that writes does
    duration busy_timeout = std::chrono::seconds(3); ///< SQLite: for another program's lock; 0: not waited for
    /// until a server has accepted (at least 2 s), and until its system acknowledges what it is sent
    duration connect_timeout = std::chrono::seconds(2);
    duration statement_timeout = std::chrono::seconds(5); ///< for one statement; more than 0
    /// PostgreSQL keeps prepared statements for a connection. A pooler in transaction mode (PgBouncer) gives each
    /// transaction another one: false sends every statement whole, and statement_timeout with each transaction; outside
    /// of one it is kept on this side alone, and what connection_init_sql sets may be lost. None given: false where a
    /// pooler answers, and true where the server does.
    std::optional<bool> prepared_statements{};
    const weir::clock* time = &system_clock(); ///< by which connections are waited for and age
    logger log{};                              ///< gets PostgreSQL's notices and warnings
};

struct database_stats {
    pool_stats writing{}; ///< a server's only pool
    pool_stats reading{};
};

/// A database behind a pool of connections, each with a thread; SQLite has one that writes and several that read
/// beside it (WAL). Each call is one job on one connection, so a body given to `read` or `transaction` costs one hop
/// however many queries it makes. Process-wide: any loop may call, and is answered on its own thread.
/// A call ends at its context's deadline (errc::deadline_exceeded) or when its task is cancelled (errc::cancelled): the
/// database is asked to end the running statement, the connection to a server that doesn't within 250 ms is cut, and
/// the call completes once its job has ended. errc::unavailable: can't be reached, locked for too long, no connection
/// in time, too many calls, closed.
class database {
public:
    explicit database(std::string url);
    explicit database(database_options options);
    ~database(); ///< waits for running calls
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    /// Opens a connection now, to learn at the start that the database can't be used; tries again until
    /// initialization_fail_timeout.
    task<result<void>> open();

    /// Asks the database for nothing, on a connection for reads: for an app's readiness. Waits behind other calls.
    task<result<void>> ping();

    /// Refuses new calls, lets queued and running ones end, closes every connection. At the context's deadline, and
    /// when it is cancelled, queued calls end with errc::unavailable and running ones are cancelled. Idempotent.
    task<result<void>> close();

    /// Runs `body(transaction&) -> result<R>` on the database thread that writes, as one job in one transaction:
    /// its calls answer at once, nothing in it awaits. Committed when it returns a value; rolled back when it
    /// returns an error or throws, at the deadline and on cancellation. What it captures by reference lives until
    /// the task has ended, but belongs to another thread meanwhile. The body runs again, five times at most, where
    /// another transaction was faster or a table has just changed (the error's code is `try_again`): it should change
    /// nothing but rows.
    /// `where` names the caller in a report of a leak.
    template<class F>
    auto transaction(F&& body, boost::source_location where = BOOST_CURRENT_LOCATION);

    /// Runs `body(reader&) -> result<R>` on a thread that reads, as one job on one connection.
    template<class F>
    auto read(F&& body, boost::source_location where = BOOST_CURRENT_LOCATION);

    /// Rows of a SELECT of your own: a described struct whose members are the columns in their order, or a single
    /// value. Arguments are bound to the question marks, of which `??` is one for the database itself; nothing else in
    /// the text is changed.
    ///
    ///     db.query<std::int64_t>("SELECT sum(stock) FROM products WHERE price_cents < ?", 1000)
    template<class Row, class... Args>
    task<result<std::vector<Row>>> query(std::string sql, Args&&... args);

    /// A statement of your own that writes; how many rows it changed.
    template<class... Args>
    task<result<std::size_t>> execute(std::string sql, Args&&... args);

    database_stats stats() const;

    /// Runs `job(session&) -> result<R>`: what repositories and queries are made of.
    template<class R, class F>
    task<result<R>> perform(access how, F job, boost::source_location where = {}) {
        return answer<R>(*this, how, kept_job(new typed_job<R, F>(std::move(job))), where);
    }

    /// A table that a `:memory:` database creates before its next job; files have auto_migrate.
    void expect(const table_info& table);

private:
    struct impl;

    struct session_job {
        virtual ~session_job() = default;
        virtual void work(session& s) = 0;
        virtual error failure() const = 0; ///< of the last run

        bool is_transaction = false;
    };

    // Owns a job of whatever type; a unique_ptr for each type would be compiled again in each file.
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
            result<R> out; ///< where `answered`
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

    /// Runs a job; one that is a transaction again where it may win in another run.
    task<result<void>> run(access how, session_job& job, boost::source_location where);
    task<result<void>> run_once(access how, session_job& job, boost::source_location where);
    task<result<void>> run_again(access how, session_job& job, boost::source_location where);

    // One coroutine for each type of answer and not for each query: coroutines are what takes the compiler longest.
    template<class R>
    static task<result<R>> answer(database& self, access how, kept_job job, boost::source_location where) {
        auto ran = co_await self.run(how, *job, where);
        if (!ran) co_return detail::failed<R>(ran.error());
        co_return std::move(static_cast<answering_job<R>&>(*job).out);
    }

    // Waits a little, and longer each time, when the transaction may win in another run.
    static task<bool> wait_for_next_run(const error& why, int runs);

    std::unique_ptr<impl> impl_;
};

extern template task<result<void>> database::answer<void>(database&, access, kept_job, boost::source_location);
extern template task<result<bool>> database::answer<bool>(database&, access, kept_job, boost::source_location);
extern template task<result<std::int64_t>> database::answer<std::int64_t>(database&, access, kept_job,
                                                                          boost::source_location);
extern template task<result<std::size_t>> database::answer<std::size_t>(database&, access, kept_job,
                                                                        boost::source_location);

template<class F>
auto database::transaction(F&& body, boost::source_location where) {
    static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
    using answer = std::invoke_result_t<std::decay_t<F>&, orm::transaction&>;
    static_assert(is_result<answer>, "the body of a transaction returns weir::result<...>");
    auto job = [body = std::decay_t<F>(std::forward<F>(body))](session& s) mutable {
        return detail::atomically(s, [&] {
            orm::transaction tx(s);
            return body(tx);
        });
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
