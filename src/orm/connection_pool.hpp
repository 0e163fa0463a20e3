// SPDX-License-Identifier: MIT
#pragma once

#include "orm/connection.hpp"
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

// What is done with a connection on a thread of its pool; doesn't throw.
struct connection_work {
    virtual ~connection_work() = default;
    virtual void run(connection& on) = 0;
};

// Connections to one node with a thread for each. A call waits first come first served until a connection is free,
// runs on it as one job, and is answered on its own loop. Opening a connection holds up no call's deadline: calls
// wait in the queue meanwhile. Process-wide.
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

    // Completes only when the work has ended, or has left the queue without running. errc::cancelled,
    // errc::deadline_exceeded; errc::unavailable: no connection in time, too many calls wait, closed; or why none
    // could be opened. A connection that is kept for too long is reported with `where`.
    task<result<void>> run(connection_work& work, job_limits limits, boost::source_location where = {});

    // Refuses new calls, lets queued and running ones end, closes every connection, joins the threads. Blocks. When it
    // is stopped queued calls end with errc::unavailable, and running ones are cancelled.
    void close(std::stop_token stop = {});

    pool_stats stats() const;

private:
    struct entry {
        std::unique_ptr<connection> link{};
        time_point retire_at{};
        time_point last_used{};
        time_point last_asked{}; // and it answered, unless it is silent
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
        error why{};          // it ends without having run
        call* next = nullptr; // of those that end with it
    };

    // Calls that have left the queue and are to be completed with an error, in their order. Needs no memory: it is the
    // pool's own threads that end calls, and nothing else would.
    struct ended_calls {
        call* first = nullptr;
        call* last = nullptr;

        void add(call& one, error why) noexcept;
    };

    struct loan {
        connection* link = nullptr;
        time_point since{};
        call* to = nullptr; // none: the pool itself looks at it
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
    std::size_t openings_in_time(const lock& held) const;
    bool only_leaving(const lock& held) const;
    bool may_open(const lock& held) const;
    void make_room(lock& held);
    void open_one(lock& held);
    void give_up_opening(lock& held, time_point began, error why);
    bool ask_next(lock& held);

    // connections
    bool due_for_question(const entry& one, time_point at) const;
    time_point retirement();
    void lend(connection& link);
    void take_back(connection& link);
    bool fit(entry& taken) const;
    bool ask(entry& taken) const;
    void keep(lock& held, entry taken);
    void drop(lock& held, entry taken);
    void discard(lock& held, entry taken);

    // housekeeping
    void keep_house();
    void tidy(lock& held);
    void expire_calls(lock& held);
    error no_connection(const lock& held) const noexcept;
    void retire_idle(lock& held);
    void forget_gone(lock& held);
    void distrust_idle(lock& held, time_point since);
    template<class Ended>
    std::size_t discard_idle(lock& held, Ended ended);
    void report_leaks(lock& held);

    const identity who_;
    const pool_options options_;
    const connector open_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<call*> waiting_;
    std::vector<entry> idle_; // the one used last is the first to be lent again
    std::vector<loan> lent_;
    std::vector<std::unique_ptr<connection>> leaving_; // broken, and they still cost the other side
    std::vector<time_point> openings_;                 // when each began that is under way
    time_point last_cut_{};
    std::size_t looked_at_ = 0; // of those lent: each is the next call's if it is well
    time_point open_again_at_{};
    duration open_pause_{};
    double spread_; // 0 to 1, for the next connection's lifetime
    pool_stats counts_{};
    bool closed_ = false;
    std::stop_source closing_; // no call waits for a connection any more

    std::vector<std::thread> threads_;
    std::size_t resting_ = 0; // threads that wait
    std::size_t called_ = 0;  // of them that are to go on

    std::condition_variable house_;
    std::thread housekeeper_;
    time_point last_call_{}; // by the machine's clock
    bool house_dozes_ = false;
    bool house_closed_ = false;
};

} // namespace weir::orm
