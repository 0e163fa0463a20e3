// SPDX-License-Identifier: MIT
#include "core/background_work.hpp"
#include "core/cancellation_relay.hpp"
#include "core/outside_work.hpp"
#include <weir/core/background.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/parked_task.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <map>
#include <stdexcept>
#include <unordered_map>

namespace weir {

namespace asio = boost::asio;

struct loop::timers {
    using place = std::pair<time_point, timer_id>;
    using callback = std::function<void()>;

    // Removes a timer and returns its callback. A callback may own a task whose destructor cancels or sets timers, so
    // it must be destroyed after the timer is removed.
    callback take(std::map<place, callback>::iterator at) {
        auto node = queue.extract(at);
        due.erase(node.key().second);
        return std::move(node.mapped());
    }
    void close() {
        closed = true;
        while (!queue.empty()) take(queue.begin());
    }

    std::map<place, callback> queue;
    std::unordered_map<timer_id, time_point> due;
    timer_id last_id = 0;
    time_point armed_for = time_point::max();
    bool closed = false; // the loop is ending: new timers never fire
};

struct loop::alarm {
    explicit alarm(asio::io_context& io) : timer(io) {}

    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                               asio::io_context::executor_type>
        timer;
};

// The background tasks of a loop.
struct loop::background_list {
    std::list<std::shared_ptr<detail::background_work>> all{};
    std::function<void()> ended{};
};

loop::loop(const weir::clock& time)
    : timers_(std::make_unique<timers>()), parked_(std::make_unique<detail::parked_tasks>()), root_(*this),
      background_(std::make_shared<background_list>()), io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO), clock_(&time),
      now_(time.now()), alarm_(std::make_unique<alarm>(io_)), outside_(std::make_shared<detail::outside_work>()) {}

// Order of destruction: first the objects attached to the loop, which may hold timers and sockets of it. After that no
// other thread can wake a task, and any that is doing so is waited for. Then the tasks that wait for timers, while Asio
// still exists; Asio destroys the other tasks, which may still cancel timers.
loop::~loop() {
    for (const auto& one : background_->all) one->end();
    root_.reset();
    parked_->abandon();
    wait_for_jobs();
    outside_->close();
    timers_->close();
}

void loop::wait_for_jobs() const noexcept { outside_->wait_for_none(); }

void loop::run() {
    const auto keep = asio::make_work_guard(io_);
    io_.run();
}

std::size_t loop::poll() {
    refresh();
    fire_due();
    if (io_.stopped()) io_.restart();
    return io_.poll();
}

bool loop::run_one() {
    refresh();
    fire_due();
    if (io_.stopped()) io_.restart();
    return io_.run_one() != 0;
}

void loop::stop() { io_.stop(); }

void loop::post(std::function<void()> f) { asio::post(io_, std::move(f)); }

loop::timer_id loop::call_at(time_point at, std::function<void()> f) {
    const timer_id id = ++timers_->last_id;
    if (timers_->closed) return id;
    const auto place = timers_->queue.emplace(timers::place{at, id}, std::move(f)).first;
    try {
        timers_->due.emplace(id, at);
        arm();
    } catch (...) { // without an id it couldn't be cancelled, so it must not fire
        timers_->take(place);
        throw;
    }
    return id;
}

bool loop::cancel_timer(timer_id id) noexcept {
    const auto found = timers_->due.find(id);
    if (found == timers_->due.end()) return false;
    timers_->take(timers_->queue.find({found->second, id}));
    return true; // leaving the alarm set is cheaper than moving it
}

void loop::arm() {
    if (!clock_->passes() || timers_->queue.empty()) return;
    const time_point first = timers_->queue.begin()->first.first;
    if (first >= timers_->armed_for) return;
    timers_->armed_for = time_point::max(); // in case async_wait runs out of memory
    alarm_->timer.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(first));
    alarm_->timer.async_wait([this](const boost::system::error_code& failed) {
        if (failed) return;
        timers_->armed_for = time_point::max();
        refresh();
        fire_due();
    });
    timers_->armed_for = first;
}

void loop::fire_due() {
    auto& queue = timers_->queue;
    while (!queue.empty() && queue.begin()->first.first <= now_) {
        const auto rings = timers_->take(queue.begin());
        rings();
    }
    arm();
}

void loop::run_until(const bool& done) {
    while (!done)
        if (!run_one() && !done) throw std::logic_error("deadlock: the task is suspended and nothing can resume it");
}

namespace {

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

// The waiting side of sleep_until; completes once, by its timer or by cancellation.
template<class Handler>
struct sleeper {
    weir::loop& home;
    Handler handler;
    loop::timer_id timer = 0;

    void finish(bool slept) {
        auto done = std::move(handler);
        asio::get_associated_cancellation_slot(done).clear();
        const auto ex = asio::get_associated_executor(done);
        asio::dispatch(ex, [done = std::move(done), slept]() mutable { std::move(done)(slept); });
    }
};

task<bool> wait_for_timer(weir::loop& home, time_point at) {
    auto start = [&home, at](auto handler) {
        using state = sleeper<decltype(handler)>;
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto waiting = std::make_shared<state>(state{home, std::move(handler)});
        waiting->timer = home.call_at(at, [waiting] { waiting->finish(true); });
        if (slot.is_connected())
            slot.assign([weak = std::weak_ptr(waiting)](asio::cancellation_type) {
                const auto alive = weak.lock();
                if (alive && alive->home.cancel_timer(alive->timer)) alive->finish(false);
            });
    };
    return asio::async_initiate<const asio::use_awaitable_t<executor>, void(bool)>(start, use_task);
}

} // namespace

void loop::spawn(task<void> work) { asio::co_spawn(get_executor(), std::move(work), rethrow); }

void loop::spawn(task<void> work, weir::context& ctx, asio::cancellation_signal& cancel,
                 std::function<void(std::exception_ptr)> done) {
    asio::co_spawn(get_executor(ctx), std::move(work),
                   asio::bind_cancellation_slot(detail::relayed(cancel.slot(), *this), std::move(done)));
}

// clang-tidy takes the moved-from frame copy of the parameter for a use after move.
task<void> detail::cancellable(task<void> work) {
    // NOLINTNEXTLINE(bugprone-use-after-move)
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await std::move(work);
}

namespace {

// Does nothing if the work is stopped before it has begun.
task<void> unless_stopped(task<void> work, std::shared_ptr<detail::background_work> as) {
    if (!as->stopped) co_await std::move(work);
}

} // namespace

void loop::begin_background(std::shared_ptr<detail::background_work> work, task<void> what) {
    const auto list = background_;
    const auto at = list->all.insert(list->all.end(), work);
    auto done = [list, work](std::exception_ptr failure) {
        std::erase(list->all, work);
        work->end();
        if (list->ended) list->ended();
        rethrow(failure);
    };
    try {
        spawn(detail::cancellable(unless_stopped(std::move(what), work)), work->context, work->signal, std::move(done));
    } catch (...) {
        list->all.erase(at);
        throw;
    }
    work->context.keep_while_held(work); // Asio releases it after the last handler
}

void loop::spawn_background(task<void> work, std::string_view request_id) {
    const auto entry = std::make_shared<detail::background_work>(*this);
    entry->context.set_request_id(request_id);
    begin_background(entry, std::move(work));
}

weir::background loop::start(task<void> work) {
    const auto entry = std::make_shared<detail::background_work>(*this);
    begin_background(entry, std::move(work));
    return weir::background(entry);
}

std::size_t loop::background() const noexcept { return background_->all.size(); }

void loop::cancel_background() {
    const auto all = background_->all; // a copy, because some end at once
    for (const auto& one : all) one->cancel();
}

void loop::on_background_end(std::function<void()> f) { background_->ended = std::move(f); }

task<void> in_background(task<void> work) {
    const executor here = co_await this_task;
    weir::context& mine = here.context();
    mine.loop().spawn_background(std::move(work), mine.request_id());
}

task<result<void>> sleep_for(duration time) {
    const executor here = co_await this_task;
    co_return co_await sleep_until(here.context().loop().clock().now() + time);
}

task<result<void>> sleep_until(time_point at) {
    const executor here = co_await this_task;
    if (at > here.context().deadline()) co_return errc::deadline_exceeded;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return errc::cancelled;
    if (!co_await wait_for_timer(here.context().loop(), at)) co_return errc::cancelled;
    co_return ok();
}

} // namespace weir
