// SPDX-License-Identifier: MIT
#include "core/cancellation_relay.hpp"
#include "core/event.hpp"
#include <weir/core/task_group.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <deque>
#include <limits>
#include <list>
#include <stdexcept>

namespace weir {

namespace asio = boost::asio;

// Waits for the end of the group. Only the tasks share it, so at the end of the loop the waiting frame is destroyed
// after theirs, and nothing owns itself.
using group_waiter = detail::event;

struct task_group::impl {
    struct member {
        asio::cancellation_signal cancel{};
        bool counts = true; // false for the body
        bool over = false;
    };
    using members = std::list<std::shared_ptr<member>>;

    explicit impl(const executor& here) noexcept : home(here) {}

    void begin(task<result<void>> body, asio::cancellation_slot outer);
    void spawn(task<result<void>> work);
    void start(task<result<void>> work, bool counts, std::shared_ptr<group_waiter> waiting);
    void ended(const std::shared_ptr<member>& one, const error& failed, group_waiter& waiting);
    void start_queued();
    void fail(const error& with);
    void cancel();
    std::size_t running() const noexcept;

    const executor home;
    std::size_t limit = std::numeric_limits<std::size_t>::max();
    members all{};
    std::deque<task<result<void>>> queued{};
    error failure{}; // the first one
    bool cancelled = false;
    std::weak_ptr<group_waiter> waits{};
};

namespace {

error failure_of(std::exception_ptr thrown, const result<void>& end) {
    if (!thrown) return end ? error() : end.error();
    try {
        std::rethrow_exception(thrown);
    } catch (...) {
        return current_error();
    }
}

task<void> store_outcome(task<result<void>> work, std::shared_ptr<result<void>> in) {
    // clang-tidy takes the moved-from frame copy of the parameter for a use after move.
    // NOLINTNEXTLINE(bugprone-use-after-move)
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    *in = co_await std::move(work);
}

} // namespace

std::size_t task_group::impl::running() const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [](const auto& one) { return one->counts && !one->over; }));
}

// Allocates everything here, where the waiting frame can still be given an out-of-memory error.
void task_group::impl::begin(task<result<void>> body, asio::cancellation_slot outer) {
    auto waiting = std::make_shared<group_waiter>();
    waits = waiting;
    if (outer.is_connected())
        outer.assign([this](asio::cancellation_type) {
            fail(errc::cancelled);
            cancel();
        });
    try {
        start(std::move(body), false, std::move(waiting));
    } catch (...) {
        outer.clear();
        throw;
    }
}

void task_group::impl::spawn(task<result<void>> work) {
    if (cancelled) return;
    if (running() < limit)
        start(std::move(work), true, waits.lock());
    else
        queued.push_back(std::move(work));
}

void task_group::impl::start(task<result<void>> work, bool counts, std::shared_ptr<group_waiter> waiting) {
    const auto one = std::make_shared<member>();
    one->counts = counts;
    const auto end = std::make_shared<result<void>>();
    auto finished = [this, one, end, waiting = std::move(waiting)](std::exception_ptr thrown) {
        ended(one, failure_of(thrown, *end), *waiting);
    };
    const auto slot = detail::relayed(one->cancel.slot(), home.context().loop());
    const auto at = all.insert(all.end(), one);
    try {
        asio::co_spawn(
            home, store_outcome(std::move(work), end), asio::bind_cancellation_slot(slot, std::move(finished)));
    } catch (...) {
        all.erase(at);
        throw;
    }
}

// Cancelling may end other tasks, so this one needn't be the last. The group may be destroyed once its waiter resumes.
void task_group::impl::ended(const std::shared_ptr<member>& one, const error& failed, group_waiter& waiting) {
    one->over = true;
    if (failed) {
        fail(failed);
        cancel();
    }
    std::erase(all, one);
    start_queued();
    if (all.empty()) waiting.wake();
}

// A task that can't be started fails the group, because no caller is left to report to.
void task_group::impl::start_queued() {
    try {
        while (!queued.empty() && running() < limit) {
            auto next = std::move(queued.front());
            queued.pop_front();
            start(std::move(next), true, waits.lock());
        }
    } catch (...) {
        fail(current_error());
        cancel();
    }
}

void task_group::impl::fail(const error& with) {
    if (!failure) failure = with;
}

// Cancelling may end tasks at once; if it ends all of them, the group is destroyed.
void task_group::impl::cancel() {
    if (std::exchange(cancelled, true)) return;
    queued.clear();
    const members before = all;
    for (const auto& one : before)
        if (!one->over) one->cancel.emit(asio::cancellation_type::total);
}

task_group::task_group(const executor& here) : impl_(std::make_unique<impl>(here)) {}

task_group::~task_group() = default;

void task_group::spawn(task<result<void>> work) { impl_->spawn(std::move(work)); }

void task_group::set_limit(std::size_t most) {
    if (most == 0) throw std::invalid_argument("task_group limit 0: accepted 1 or more");
    impl_->limit = most;
    impl_->start_queued();
}

task_group_stats task_group::stats() const noexcept { return {impl_->running(), impl_->queued.size()}; }

task<result<void>> task_group::run(task<result<void>> body) {
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return errc::cancelled;
    impl_->begin(std::move(body), cancellation.slot());
    group_waiter& end = *impl_->waits.lock(); // which the tasks share
    co_await end.wait_uninterrupted();
    co_return impl_->failure ? result<void>(impl_->failure) : ok();
}

} // namespace weir
