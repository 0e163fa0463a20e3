// SPDX-License-Identifier: MIT
#include "orm/soci_session.hpp"
#include "orm/sqlite_session.hpp"
#include <weir/core/lifecycle.hpp>
#include <weir/core/loop.hpp>
#include <weir/orm/database.hpp>
#include <weir/orm/migrate.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace weir::orm {

namespace {

// Threads and their connections: as many at most as threads, opened when first needed.
struct lane {
    lane(const database_options& options, const char* suffix, std::size_t threads, bool reads)
        : file{options.path, reads, options.busy_timeout},
          pool({.name = options.name + suffix, .threads = threads, .queue = options.queue}) {}

    // A connection for one job; it goes back with give_back.
    result<std::unique_ptr<soci_session>> take(const job_limits& limits) {
        {
            const std::lock_guard lock(mutex);
            if (!idle.empty()) {
                auto kept = std::move(idle.back());
                idle.pop_back();
                return kept;
            }
        }
        auto fresh = open_sqlite(file, limits);
        if (fresh) opened.fetch_add(1, std::memory_order_relaxed);
        return fresh;
    }

    void give_back(std::unique_ptr<soci_session> used) {
        if (used->broken()) {
            dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(used));
    }

    void close_connections() {
        const std::lock_guard lock(mutex);
        idle.clear();
    }

    const sqlite_options file;
    std::mutex mutex;
    std::vector<std::unique_ptr<soci_session>> idle;
    std::atomic<std::uint64_t> opened{0};
    std::atomic<std::uint64_t> dropped{0};
    blocking_pool pool; // last: its threads use what is above
};

// A connection for the length of one job.
class lease {
public:
    lease(lane& from, std::unique_ptr<soci_session> held, const job_limits& limits)
        : from_(from), held_(std::move(held)) {
        held_->begin_job(limits);
    }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() {
        held_->end_job();
        from_.give_back(std::move(held_));
    }

    soci_session& operator*() const noexcept { return *held_; }

private:
    lane& from_;
    std::unique_ptr<soci_session> held_;
};

} // namespace

struct database::impl {
    explicit impl(database_options given)
        : options(std::move(given)), in_memory(options.path == ":memory:"), writing(options, "-w", 1, false) {
        if (!in_memory) reading.emplace(options, "-r", std::max<std::size_t>(options.readers, 1), true);
    }

    lane& lane_for(access how) { return how == access::read && reading ? *reading : writing; }

    result<void> work(lane& on, session_job& job, const job_limits& limits) {
        if (auto late = limits.reason()) return late;
        auto held = on.take(limits);
        if (!held) return held.error();
        const lease session(on, std::move(*held), limits);
        if (in_memory)
            if (auto made = make_expected(*session); !made) return made.error();
        job.work(*session);
        return ok();
    }

    result<void> make_expected(session& s) {
        std::vector<const table_info*> wanted;
        {
            const std::lock_guard lock(expected_mutex);
            wanted.swap(expected);
        }
        for (const auto* table : wanted)
            if (auto made = migrate(s, *table); !made) return made.error();
        return ok();
    }

    const database_options options;
    const bool in_memory;
    std::atomic<bool> closed{false};
    std::mutex expected_mutex;
    std::vector<const table_info*> expected;
    lane writing;
    std::optional<lane> reading;
};

database::database(std::string path)
    : database([&] {
          database_options options;
          options.path = std::move(path);
          return options;
      }()) {}

database::database(database_options options) : impl_(std::make_unique<impl>(std::move(options))) {}

database::~database() = default;

void database::expect(const table_info& table) {
    if (!impl_->in_memory) return;
    const std::lock_guard lock(impl_->expected_mutex);
    impl_->expected.push_back(&table);
}

database_stats database::stats() const {
    database_stats now;
    now.writing = impl_->writing.pool.stats();
    now.opened = impl_->writing.opened;
    now.dropped = impl_->writing.dropped;
    if (!impl_->reading) return now;
    now.reading = impl_->reading->pool.stats();
    now.opened += impl_->reading->opened;
    now.dropped += impl_->reading->dropped;
    return now;
}

task<result<void>> database::run(access how, session_job& job) {
    if (impl_->closed.load(std::memory_order_acquire)) co_return error(errc::unavailable, "the database is closed");
    const executor here = co_await this_task;
    const context& ctx = here.context();
    job_limits limits;
    limits.time = &ctx.loop().clock();
    limits.deadline = ctx.deadline();
    limits.statement_timeout = impl_->options.statement_timeout;
    if (auto late = limits.reason()) co_return late;
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return errc::cancelled;

    lane& on = impl_->lane_for(how);
    auto work = [this, &on, &job, &limits](std::stop_token stop) {
        limits.stop = std::move(stop);
        return impl_->work(on, job, limits);
    };
    if (limits.deadline == time_point::max()) co_return co_await on.pool.run(work);
    // The deadline also takes a call that still waits out of the queue.
    co_return co_await with_deadline(limits.deadline, on.pool.run(work));
}

task<result<void>> database::open() {
    auto nothing = [](session&) { return ok(); };
    co_return co_await perform<void>(access::write, nothing);
}

// The writer's thread closes everything: jobs that were queued before have ended then, and no loop waits.
task<result<void>> database::close() {
    if (impl_->closed.exchange(true, std::memory_order_acq_rel)) co_return ok();
    auto shut = [this] {
        if (impl_->reading) {
            impl_->reading->pool.close();
            impl_->reading->close_connections();
        }
        impl_->writing.close_connections();
    };
    co_return co_await impl_->writing.pool.run(shut);
}

} // namespace weir::orm
