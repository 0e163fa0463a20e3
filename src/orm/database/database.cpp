// SPDX-License-Identifier: MIT
#include "orm/database/check_options.hpp"
#include "orm/pool/connection_pool.hpp"
#include "orm/soci/driver.hpp"
#include "orm/sqlite/sqlite_session.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/core/loop.hpp>
#include <weir/orm/database.hpp>
#include <weir/orm/migrate.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <random>

namespace weir::orm {

namespace {

// A file has one connection that writes and several that read; none of them age or get cut off.
pool_options pool_of_file(const database_options& options, std::size_t connections) {
    pool_options pool = options.pool;
    pool.maximum_pool_size = connections;
    pool.minimum_idle.reset(); // an in-memory database is gone with its connection
    pool.max_lifetime = duration::zero();
    pool.keepalive_time = duration::zero();
    return pool;
}

connector to_file(const database_options& options, bool reads) {
    const sqlite_options file{options.url, reads, options.busy_timeout, options.pool.connection_init_sql};
    return [file](std::stop_token stop) { return open_sqlite(file, std::move(stop)); };
}

connector to_server(const database_options& options) {
    const server_address at{
        options.url,
        options.connect_timeout,
        options.statement_timeout,
        options.pool.connection_init_sql,
        std::make_shared<cancel_sender>(options.name + "-cancel"),
        std::make_shared<std::atomic<bool>>(false),
        options.log,
        options.prepared_statements};
    return [at, driver = driver_of(options.url)](std::stop_token stop) -> result<std::unique_ptr<connection>> {
        if (!driver) return driver.error();
        return driver->open(at, std::move(stop));
    };
}

// Logs the exception being handled.
void log_failed_commit_function(const logger& log, const std::string& title) noexcept {
    try {
        log.error("a function of on_commit failed", field("database", title),
                  field("error", current_error().describe()));
    } catch (...) { // NOLINT(bugprone-empty-catch): no memory is left for the line
    }
}

database_options checked(database_options given) {
    if (auto wrong = check_options(given)) throw error_exception(std::move(wrong));
    return given;
}

} // namespace

struct database::impl {
    explicit impl(database_options given)
        : options(std::move(given)), title(without_secrets(options.url)), on_server(is_server_url(options.url)),
          in_memory(options.url == ":memory:"),
          writing({options.name + (on_server ? "" : "-w"), title, options.time},
                  on_server ? options.pool : pool_of_file(options, 1),
                  on_server ? to_server(options) : to_file(options, false)) {
        if (on_server || in_memory || options.readers == 0) return;
        reading.emplace(connection_pool::identity{options.name + "-r", title, options.time},
                        pool_of_file(options, options.readers), to_file(options, true));
    }

    connection_pool& pool_for_access(access how) { return how == access::read && reading ? *reading : writing; }

    // A deadline or a cancellation can interrupt this; the next job then creates the tables.
    result<void> make_expected(session& s) {
        const auto wanted = tables_expected();
        if (wanted.empty()) return ok();
        auto made = migrate(s, wanted);
        if (!made) return made;
        const std::lock_guard lock(expected_mutex);
        expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(wanted.size()));
        return made;
    }

    std::vector<const table_info*> tables_expected() {
        const std::lock_guard lock(expected_mutex);
        return expected;
    }

    const database_options options;
    const std::string title;
    const bool on_server;
    const bool in_memory;
    std::atomic<bool> closed{false};
    std::mutex expected_mutex;
    std::vector<const table_info*> expected;
    connection_pool writing;
    std::optional<connection_pool> reading;
};

database::database(std::string url)
    : database([&] {
          database_options options;
          options.url = std::move(url);
          return options;
      }()) {}

database::database(database_options options) : impl_(std::make_unique<impl>(checked(std::move(options)))) {}

database::~database() = default;

void database::expect(const table_info& table) {
    if (!impl_->in_memory) return;
    const std::lock_guard lock(impl_->expected_mutex);
    impl_->expected.push_back(&table);
}

database_stats database::stats() const {
    database_stats now;
    now.writing = impl_->writing.stats();
    if (impl_->reading) now.reading = impl_->reading->stats();
    return now;
}

template task<result<void>> database::answer<void>(database&, access, kept_job, boost::source_location);
template task<result<bool>> database::answer<bool>(database&, access, kept_job, boost::source_location);
template task<result<std::int64_t>> database::answer<std::int64_t>(database&, access, kept_job, boost::source_location);
template task<result<std::size_t>> database::answer<std::size_t>(database&, access, kept_job, boost::source_location);

task<result<void>> database::run(access how, session_job& job, boost::source_location where) {
    if (!job.is_transaction) return run_once(how, job, where);
    return run_again(how, job, where);
}

task<result<void>> database::run_again(access how, session_job& job, boost::source_location where) {
    for (int runs = 1;; ++runs) {
        auto ran = co_await run_once(how, job, where);
        if (!ran) co_return ran;
        const error why = job.failure();
        if (!why) co_return ok();
        const bool again = co_await wait_for_next_run(why, runs);
        if (!again) co_return ok();
    }
}

task<result<void>> database::run_once(access how, session_job& job, boost::source_location where) {
    if (impl_->closed.load(std::memory_order_acquire)) co_return error(errc::unavailable, "the database is closed");
    const executor here = co_await this_task;
    const context& ctx = here.context();
    job_limits limits;
    limits.time = &ctx.loop().clock();
    limits.deadline = ctx.deadline();
    limits.statement_timeout = impl_->options.statement_timeout;

    // Creates the expected tables of an in-memory database before its first job.
    struct prepared_job final : connection_work {
        prepared_job(impl& owner, session_job& job) : owner(owner), job(job) {}
        void run(connection& on) override {
            if (owner.in_memory) made = owner.make_expected(on);
            if (made) job.work(on);
        }
        impl& owner;
        session_job& job;
        result<void> made = ok();
    } work(*impl_, job);
    auto ran = co_await impl_->pool_for_access(how).run(work, limits, where);
    if (!ran) co_return ran;
    co_return std::move(work.made);
}

void database::after_commit(orm::transaction& done) noexcept {
    const auto all = std::move(done.committed_); // a function may call on_commit, which then has no effect
    for (const auto& f : all) {
        try {
            f();
        } catch (...) {
            log_failed_commit_function(impl_->options.log, impl_->title);
        }
    }
}

task<result<void>> database::open() {
    auto nothing = [](session&) { return ok(); };
    const weir::clock& time = (co_await this_task).context().loop().clock();
    const time_point give_up_at = weir::detail::later(time.now(), impl_->options.pool.initialization_fail_timeout);
    for (;;) {
        auto opened = co_await perform<void>(access::write, nothing);
        if (opened || opened.error() != errc::unavailable || time.now() >= give_up_at) co_return opened;
        co_await sleep_for(std::chrono::milliseconds(100));
    }
}

// SQLite has few connections, and one in use has opened its file: a ping doesn't queue behind a long job.
task<result<void>> database::ping() {
    const pool_stats now = impl_->pool_for_access(access::read).stats();
    const bool all_in_use = now.active == now.maximum;
    if (!impl_->on_server && all_in_use && !impl_->closed.load(std::memory_order_acquire)) co_return ok();
    const auto answered = co_await query<std::int64_t>("SELECT 1");
    if (!answered) co_return answered.error();
    co_return ok();
}

// Retrying at once would meet the same transaction again, which has only just been let through.
task<bool> database::wait_for_next_run(const error& why, int runs) {
    constexpr int most_runs = 5;
    if (runs == most_runs || why.code() != "try_again") co_return false;
    thread_local std::minstd_rand random(std::random_device{}());
    const std::chrono::milliseconds least(5 << runs);
    co_await sleep_for(least * std::uniform_int_distribution<int>(100, 200)(random) / 100);
    co_return true;
}

// Closing blocks until running jobs end, so it runs on its own thread instead of the caller's loop.
task<result<void>> database::close() {
    if (impl_->closed.exchange(true, std::memory_order_acq_rel)) co_return ok();
    blocking_pool closing({.name = impl_->options.name, .threads = 1});
    auto shut = [this](std::stop_token stop) {
        if (impl_->reading) impl_->reading->close(stop);
        impl_->writing.close(stop);
    };
    co_return co_await closing.run(shut);
}

} // namespace weir::orm
