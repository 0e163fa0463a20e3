// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/connection.hpp"
#include <weir/core/task.hpp>
#include <weir/orm/pool.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace weir::orm {

// Work on a connection, run on a thread of its pool; must not throw.
struct connection_work {
    virtual ~connection_work() = default;
    virtual void run(connection& on) = 0;
};

// Connections to one node, with a thread each. Calls queue first come, first served for a free connection, run on it as
// one job, and complete on their own loops. A slow opening delays no call's deadline: calls stay in the queue
// meanwhile. Process-wide.
class connection_pool {
public:
    struct identity {
        std::string name{};  // of its threads: `name-0`, `name-1`, ..., and `name-house`
        std::string title{}; // in messages: `postgresql://127.0.0.1:5432/shop`
        const weir::clock* time = &system_clock();
    };

    connection_pool(identity who, pool_options options, connector open);
    ~connection_pool();
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;

    // Completes once the work has ended, or has left the queue without running. errc::cancelled,
    // errc::deadline_exceeded; errc::unavailable: no connection in time, too many waiting calls, closed; or the error
    // of a failed opening. `where` names the caller in leak reports.
    task<result<void>> run(connection_work& work, job_limits limits, boost::source_location where = {});

    // Refuses new calls, waits for queued and running ones, closes every connection and joins the threads. Blocks. Once
    // `stop` is requested, queued calls fail with errc::unavailable and running ones are cancelled.
    void close(std::stop_token stop = {});

    pool_stats stats() const;

private:
    struct entry {
        std::unique_ptr<connection> link{};
        time_point retire_at{};
        time_point last_used{};
        time_point last_asked{}; // when it was last asked; it answered, unless it is silent
        bool silent = false;
    };

    struct call {
        connection_work* work = nullptr;
        job_limits limits{};
        boost::source_location where{};
        time_point asked_at{};
        time_point gives_up_at{};
        std::stop_source stop{};
        std::function<void(error)> finished{};
        bool queued = false;
        error why{};          // the error of a call that ends without having run
        call* next = nullptr; // the next of several calls that end together
    };

    // Calls that have left the queue and complete with an error, in their order. A list of the calls themselves: needs
    // no memory, so that ending calls can't fail.
    struct ended_calls {
        call* first = nullptr;
        call* last = nullptr;

        void add(call& one, error why) noexcept;
    };

    struct loan {
        connection* link = nullptr;
        time_point since{};
        call* to = nullptr; // null if the pool itself checks the connection
        bool reported = false;
    };

    using lock = std::unique_lock<std::mutex>;

    time_point now() const { return who_.time->now(); }
    std::size_t total(const lock&) const { return lent_.size() + idle_.size() + leaving_.size() + openings_.size(); }

    // calls
    error push(call& one);
    void cancel(call& one);
    void cancel_all();
    void end_waiting(lock& held, const error& why, time_point asked_until = time_point::max());
    void complete(lock& held, const ended_calls& ended);

    // threads
    void name_thread(const std::string& role) const;
    error need_threads(lock& held);
    void wake_thread(lock& held);
    void serve(std::size_t index);
    bool serve_once(lock& held);
    void run_next(lock& held);
    void run(lock& held, call& one, entry taken);
    static error work_on(connection& on, call& one);
    bool ask_next(lock& held);

    // openings
    std::size_t openings_in_time(const lock& held) const;
    bool only_leaving(const lock& held) const;
    bool may_open(const lock& held) const;
    void make_room(lock& held);
    void open_one(lock& held);
    time_point retirement();
    void give_up_opening(lock& held, time_point began, error why);

    // connections
    bool due_for_question(const entry& one, time_point at) const;
    void lend(connection& link);
    void take_back(connection& link);
    bool fit(entry& taken) const;
    bool ask(entry& taken) const;
    void keep(lock& held, entry taken);
    void drop(lock& held, entry taken);
    void discard(lock& held, entry taken);

    // housekeeping
    void run_housekeeper();
    void tidy(lock& held);
    void expire_calls(lock& held);
    error no_connection(const lock& held) const noexcept;
    void retire_idle(lock& held);
    void forget_gone(lock& held);
    void discard_unanswered(lock& held, time_point since);
    template<class Ended>
    std::size_t discard_idle(lock& held, Ended ended);
    void report_leaks(lock& held);

    const identity who_;
    const pool_options options_;
    const connector open_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<call*> waiting_;
    std::vector<entry> idle_; // the last one used is lent first
    std::vector<loan> lent_;
    // broken, but not yet closed by the other side
    std::vector<std::unique_ptr<connection>> leaving_;
    // start times of the openings under way
    std::vector<time_point> openings_;
    time_point last_cut_{};
    std::size_t looked_at_ = 0; // lent ones under a liveness check, available to the next call if healthy
    time_point open_again_at_{};
    duration open_pause_{};
    double spread_; // 0 to 1, for the next connection's lifetime
    pool_stats counts_{};
    bool closed_ = false;
    std::stop_source closing_; // no call waits for a connection any more

    std::vector<std::thread> threads_;
    std::size_t resting_ = 0; // waiting threads
    std::size_t called_ = 0;  // resting threads that have been woken

    std::condition_variable housekeeping_;
    std::thread housekeeper_;
    time_point last_call_{}; // by the system clock
    bool housekeeper_dozes_ = false;
    bool housekeeper_stops_ = false;
};

} // namespace weir::orm
