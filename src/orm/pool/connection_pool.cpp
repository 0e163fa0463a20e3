// SPDX-License-Identifier: MIT
#include "orm/pool/connection_pool.hpp"

#include "core/suspend.hpp"
#include <weir/core/loop.hpp>

#include <algorithm>
#include <pthread.h>
#include <random>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

// A connection used this recently is lent without a liveness check.
constexpr duration fresh_enough = 1ms;
// A connection unused for longer is asked before it is lent (HikariCP's aliveBypassWindow).
constexpr duration asked_after = 500ms;

double any_fraction() {
    std::random_device random;
    return std::uniform_real_distribution<>(0, 1)(random);
}

} // namespace

connection_pool::connection_pool(identity who, pool_options options, connector open)
    : who_(std::move(who)), options_(std::move(options)), open_(std::move(open)), spread_(any_fraction()) {}

connection_pool::~connection_pool() { close(); }

void connection_pool::name_thread(const std::string& role) const {
    const std::string name = who_.name.substr(0, 14 - role.size()) + "-" + role; // the kernel keeps 15 characters
    pthread_setname_np(pthread_self(), name.c_str());
}

task<result<void>> connection_pool::run(connection_work& work, job_limits limits, boost::source_location where) {
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return errc::cancelled;
    if (auto late = limits.reason()) co_return late;

    call one;
    one.work = &work;
    one.limits = limits;
    one.where = where;
    one.limits.stop = one.stop.get_token();
    auto start = [this, &one](std::function<void(error)> resume) {
        one.finished = resume;
        if (auto refused = push(one)) resume(std::move(refused));
    };
    auto stop = [this, &one] { cancel(one); };
    if (error ended = co_await weir::detail::suspend<error>(start, stop)) co_return ended;
    co_return ok();
}

error connection_pool::push(call& one) {
    lock held(mutex_);
    if (closed_) return {errc::unavailable, who_.title + " is closed"};
    if (waiting_.size() >= options_.maximum_pending) {
        ++counts_.refused;
        return {errc::unavailable, "too many calls are waiting for " + who_.title};
    }
    last_call_ = system_clock().now();
    one.asked_at = now();
    const bool limited = options_.connection_timeout != duration::zero();
    one.gives_up_at = limited ? weir::detail::later(one.asked_at, options_.connection_timeout) : time_point::max();
    waiting_.push_back(&one);
    one.queued = true;
    if (error refused = need_threads(held)) {
        std::erase(waiting_, &one);
        one.queued = false;
        return refused;
    }
    if (housekeeper_dozes_) housekeeping_.notify_one();
    return {};
}

// If no thread can be started the existing ones do the work; fails only if there are none.
error connection_pool::need_threads(lock& held) {
    try {
        if (!housekeeper_.joinable()) housekeeper_ = std::thread([this] { run_housekeeper(); });
        wake_thread(held);
    } catch (...) {
        if (threads_.empty() || !housekeeper_.joinable())
            return error(errc::unavailable, "can't start a thread for " + who_.title).caused_by(current_error());
    }
    return {};
}

void connection_pool::cancel(call& one) {
    lock held(mutex_);
    if (!one.queued) {
        held.unlock();
        // The call stays alive: it completes on this thread's loop, after this.
        one.stop.request_stop();
        return;
    }
    std::erase(waiting_, &one);
    ended_calls ended;
    ended.add(one, errc::cancelled);
    complete(held, ended);
}

void connection_pool::ended_calls::add(call& one, error why) noexcept {
    one.queued = false; // from here on nothing else completes it
    one.why = std::move(why);
    (last ? last->next : first) = &one;
    last = &one;
}

// A call may be destroyed as soon as it is completed.
void connection_pool::complete(lock& held, const ended_calls& ended) {
    held.unlock();
    for (call* one = ended.first; one != nullptr;) {
        call* const next = one->next;
        const auto finished = std::move(one->finished);
        finished(std::move(one->why));
        one = next;
    }
    held.lock();
}

// Wakes a resting thread, or starts a new one while the limit allows.
void connection_pool::wake_thread(lock&) {
    if (resting_ > called_) {
        ++called_;
        wake_.notify_one();
    } else if (!closed_ && threads_.size() < options_.maximum_pool_size) {
        threads_.emplace_back([this, index = threads_.size()] { serve(index); });
    }
}

void connection_pool::serve(std::size_t index) {
    name_thread(std::to_string(index));
    lock held(mutex_);
    for (;;) {
        while (serve_once(held)) {
        }
        if (closed_ && waiting_.empty()) break;
        ++resting_;
        wake_.wait(held, [this] { return called_ > 0 || (closed_ && waiting_.empty()); });
        --resting_;
        if (called_ > 0) --called_;
    }
    wake_.notify_all();
}

// Does one piece of pending work; false if there is none.
bool connection_pool::serve_once(lock& held) {
    if (!waiting_.empty() && !idle_.empty()) {
        run_next(held);
        return true;
    }
    if (may_open(held)) {
        open_one(held);
        return true;
    }
    return ask_next(held);
}

// Checks the connection before it takes a call from the queue: a dead connection costs no call its place.
void connection_pool::run_next(lock& held) {
    entry taken = std::move(idle_.back());
    idle_.pop_back();
    if (now() >= taken.retire_at) return discard(held, std::move(taken));
    if (now() - taken.last_used > fresh_enough) {
        connection& link = *taken.link;
        lend(link);
        ++looked_at_;
        held.unlock();
        const bool good = fit(taken);
        held.lock();
        --looked_at_;
        take_back(link);
        if (!good) return drop(held, std::move(taken));
    }
    if (waiting_.empty()) return keep(held, std::move(taken));
    call* const next = waiting_.front();
    waiting_.pop_front();
    next->queued = false;
    run(held, *next, std::move(taken));
}

// The connection is free again before the caller learns of the end and may ask for it at once.
void connection_pool::run(lock& held, call& one, entry taken) {
    connection& on = *taken.link;
    lend(on);
    lent_.back().to = &one;
    const time_point began = lent_.back().since;
    held.unlock();
    const error failed = work_on(on, one);
    held.lock();
    take_back(on);
    taken.last_used = now();
    ++counts_.completed;
    counts_.waiting += began - one.asked_at;
    counts_.usage += taken.last_used - began;
    std::unique_ptr<connection> gone;
    if (on.broken()) {
        ++counts_.dropped;
        last_cut_ = taken.last_used;
        (on.gone() ? gone : leaving_.emplace_back()) = std::move(taken.link);
    } else {
        keep(held, std::move(taken));
    }
    const auto finished = std::move(one.finished);
    held.unlock();
    finished(failed); // the call may be destroyed from here on
    gone.reset();
    held.lock();
}

error connection_pool::work_on(connection& on, call& one) {
    if (error late = one.limits.reason()) return late;
    on.begin_job(one.limits);
    error failed;
    try {
        one.work->run(on);
    } catch (...) {
        failed = current_error();
    }
    on.end_job();
    return failed;
}

// Fails the calls that arrived no later than `asked_until`.
void connection_pool::end_waiting(lock& held, const error& why, time_point asked_until) {
    ended_calls ended;
    while (!waiting_.empty() && waiting_.front()->asked_at <= asked_until) {
        ended.add(*waiting_.front(), why);
        waiting_.pop_front();
    }
    wake_.notify_all(); // if the pool is closed its threads can end now
    complete(held, ended);
}

bool connection_pool::due_for_question(const entry& one, time_point at) const {
    return options_.keepalive_time > duration::zero() && at - one.last_asked >= options_.keepalive_time;
}

// Asks an idle connection that hasn't been used for long, so that neither side nor a middlebox drops it.
bool connection_pool::ask_next(lock& held) {
    const time_point at = now();
    const auto due = std::ranges::find_if(idle_, [&](const entry& one) { return due_for_question(one, at); });
    if (due == idle_.end()) return false;
    entry taken = std::move(*due);
    idle_.erase(due);
    connection& link = *taken.link;
    lend(link);
    held.unlock();
    const bool good = ask(taken);
    held.lock();
    take_back(link);
    if (good)
        keep(held, std::move(taken));
    else
        drop(held, std::move(taken));
    return true;
}

void connection_pool::lend(connection& link) { lent_.push_back({&link, now()}); }

void connection_pool::take_back(connection& link) {
    std::erase_if(lent_, [&](const loan& one) { return one.link == &link; });
}

bool connection_pool::fit(entry& taken) const {
    if (!taken.link->looks_alive()) return false;
    return now() - std::max(taken.last_used, taken.last_asked) < asked_after || ask(taken);
}

bool connection_pool::ask(entry& taken) const {
    taken.last_asked = now();
    taken.silent = !taken.link->answers(options_.validation_timeout);
    return !taken.silent;
}

void connection_pool::keep(lock& held, entry taken) {
    if (now() >= taken.retire_at) return discard(held, std::move(taken));
    idle_.push_back(std::move(taken));
}

void connection_pool::drop(lock& held, entry taken) {
    ++counts_.dropped;
    if (taken.silent) discard_unanswered(held, taken.last_asked);
    discard(held, std::move(taken));
}

// Unlocks meanwhile: closing may take a while.
void connection_pool::discard(lock& held, entry taken) {
    held.unlock();
    taken.link.reset();
    held.lock();
}

// Running calls stay alive while the lock is held.
void connection_pool::cancel_all() {
    lock held(mutex_);
    closing_.request_stop();
    for (const loan& one : lent_)
        if (one.to) one.to->stop.request_stop();
    end_waiting(held, error(errc::unavailable, who_.title + " is closed"));
}

void connection_pool::close(std::stop_token stop) {
    lock held(mutex_);
    closed_ = true;
    if (waiting_.empty()) closing_.request_stop();
    wake_.notify_all();
    std::vector<std::thread> ending;
    ending.swap(threads_);
    held.unlock();
    {
        const std::stop_callback on_stop(std::move(stop), [this] { cancel_all(); });
        for (auto& thread : ending) thread.join();
    }
    held.lock();
    housekeeper_stops_ = true;
    housekeeping_.notify_all();
    std::thread house = std::move(housekeeper_);
    std::vector<entry> last;
    last.swap(idle_);
    std::vector<std::unique_ptr<connection>> leaving;
    leaving.swap(leaving_);
    held.unlock();
    if (house.joinable()) house.join();
}

pool_stats connection_pool::stats() const {
    const lock held(mutex_);
    pool_stats counts = counts_;
    counts.active = lent_.size();
    counts.idle = idle_.size();
    counts.leaving = leaving_.size();
    counts.pending = waiting_.size();
    counts.maximum = options_.maximum_pool_size;
    counts.minimum_idle = options_.minimum_idle.value_or(0);
    return counts;
}

} // namespace weir::orm
