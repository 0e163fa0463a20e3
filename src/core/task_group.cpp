// SPDX-License-Identifier: MIT
#include "core/cancellation_relay.hpp"
#include "core/resume_slot.hpp"
#include <weir/core/task_group.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <deque>
#include <limits>
#include <list>
#include <stdexcept>

namespace weir {

namespace asio = boost::asio;

// What waits for the end of the group. Only the tasks share it: so a frame that waits goes after theirs when the loop
// ends, and nothing owns itself.
using group_waiter = detail::resume_slot;

struct task_group::impl {
    struct member {
        asio::cancellation_signal cancel{};
        bool counts = true; // the body doesn't
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
    error failure{}; // the first
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

task<void> keep_end(task<result<void>> work, std::shared_ptr<result<void>> in) {
    // It takes the frame's copy of the parameter, made by a move, for a use of the one moved from.
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

// All that takes memory, while the waiting frame can still hear that there is none.
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
        asio::co_spawn(home, keep_end(std::move(work), end), asio::bind_cancellation_slot(slot, std::move(finished)));
    } catch (...) {
        all.erase(at);
        throw;
    }
}

// Others may end while they are cancelled, and then the last of them isn't this one. The group may be gone once its
// waiter goes on.
void task_group::impl::ended(const std::shared_ptr<member>& one, const error& failed, group_waiter& waiting) {
    one->over = true;
    if (failed) {
        fail(failed);
        cancel();
    }
    std::erase(all, one);
    start_queued();
    if (all.empty()) waiting.resume();
}

// What can't be started is the group's failure, as no caller is there to hear of it.
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

// Some of the tasks may end by it at once, and where all have, the group is gone.
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
    if (most == 0) throw std::invalid_argument("task_group limit 0: accepted 1 and more");
    impl_->limit = most;
    impl_->start_queued();
}

task_group_stats task_group::stats() const noexcept { return {impl_->running(), impl_->queued.size()}; }

task<result<void>> task_group::run(task<result<void>> body) {
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return errc::cancelled;
    impl_->begin(std::move(body), cancellation.slot());
    auto wait = [this](auto handler) {
        impl_->waits.lock()->store([resumed = std::move(handler)]() mutable {
            asio::get_associated_cancellation_slot(resumed).clear();
            std::move(resumed)();
        });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(wait, use_task);
    co_return impl_->failure ? result<void>(impl_->failure) : ok();
}

} // namespace weir
