// SPDX-License-Identifier: MIT
#include "feed/event_core.hpp"

#include "observe/service_thread.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir::feed::detail {

using weir::detail::remote_wait;

// Takes a wait out of its list before the task's frame ends.
class event_core::seat {
public:
    seat(event_core& of, durable_wait& one, loop& home) : of_(of), one_(one) {
        one_.task = std::make_shared<remote_wait>(home);
    }
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    ~seat() {
        const std::lock_guard held(of_.mutex_);
        if (one_.linked()) (one_.queued ? of_.waiting_ : of_.for_room_).erase(one_);
    }

private:
    event_core& of_;
    durable_wait& one_;
};

event_core::event_core(event_writer_options options, file_system& files)
    : options_(checked(std::move(options))),
      batch_bytes_(std::min(options_.batch_bytes, std::max<std::size_t>(options_.queue / 2, 1))),
      closed_failure_(error(errc::unavailable, "the event writer is closed").with_code("closed")),
      unwritten_failure_(errc::unavailable, "the event writer was closed before the event was written"), files_(files),
      lines_(options_.queue), names_(options_), encoder_(options_.compression, options_.compression_level) {
    thread_ = weir::detail::start_service_thread("events", [this] { serve(); });
}

event_core::~event_core() { close_and_join(); }

bool event_core::drop() noexcept {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

bool event_core::write(std::string_view line) {
    const auto before = lines_.append(line);
    if (!before) return drop();
    if (idle_.load() || crosses_batch(*before, line.size())) wake_writer();
    return true;
}

bool event_core::crosses_batch(std::size_t before, std::size_t added) const noexcept {
    return before < batch_bytes_ && before + added >= batch_bytes_;
}

// Takes the lock, so that the thread doesn't fall asleep between its last check and this call.
void event_core::wake_writer() {
    {
        const std::lock_guard held(mutex_);
        idle_ = false;
    }
    wake_.notify_one();
}

result<void> event_core::begin_append(durable_wait& one) {
    if (one.line.size() > lines_.capacity())
        return error(errc::too_large, fmt::format("an event of {} bytes is larger than the queue of {}: raise "
                                                  "event_writer_options.queue",
                                                  one.line.size(), lines_.capacity()));
    const std::lock_guard held(mutex_);
    if (closing_) return closed_failure_;
    one.queued = !for_room_.first() && lines_.append(one.line);
    one.round = rounds_wanted_ = rounds_begun_ + 1;
    (one.queued ? waiting_ : for_room_).push_back(one);
    wake_.notify_one();
    return ok();
}

// The round in progress may already have passed this thread's lines.
result<void> event_core::begin_flush(durable_wait& one) {
    const std::lock_guard held(mutex_);
    if (closing_) return closed_failure_;
    one.queued = true;
    one.round = rounds_wanted_ = rounds_begun_ + 1;
    waiting_.push_back(one);
    wake_.notify_one();
    return ok();
}

// Returns whether the thread has already ended, so that there is nothing to wait for.
bool event_core::begin_close(durable_wait& one) {
    const std::lock_guard held(mutex_);
    begin_close();
    one.queued = true;
    one.round = last_round;
    if (over_)
        one.outcome = lost_failure();
    else
        waiting_.push_back(one);
    return over_;
}

void event_core::begin_close() noexcept {
    lines_.close();
    closing_ = true;
    while (durable_wait* const one = for_room_.pop_front()) {
        one->outcome = closed_failure_;
        one->task->wake();
    }
    wake_.notify_one();
}

void event_core::give_up() noexcept {
    const std::lock_guard held(mutex_);
    abandoned_ = true;
    wake_.notify_one();
}

result<void> event_core::end(durable_wait& one, remote_wait::ending how) {
    const std::lock_guard held(mutex_);
    if (one.outcome && *one.outcome) return *one.outcome;
    if (one.outcome) return ok();
    const bool late = how == remote_wait::ending::late;
    const errc kind = late ? errc::deadline_exceeded : errc::cancelled;
    if (!one.queued) return error(kind);
    return error(kind, late ? "the events aren't durable yet" : "cancelled before the events were durable")
        .with_code(std::string(outcome_unknown_code));
}

task<result<void>> event_core::append(std::shared_ptr<event_core> self, std::string line) {
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return errc::cancelled;
    const executor here = co_await this_task;
    const context& ctx = here.context();
    if (ctx.deadline() <= ctx.loop().clock().now()) co_return errc::deadline_exceeded;
    durable_wait one;
    const seat taken(*self, one, ctx.loop());
    one.line = std::move(line);
    one.line += '\n';
    if (auto begun = self->begin_append(one); !begun) co_return begun;
    const auto how = co_await one.task->until(ctx.deadline());
    co_return self->end(one, how);
}

task<result<void>> event_core::flush(std::shared_ptr<event_core> self) {
    const executor here = co_await this_task;
    const context& ctx = here.context();
    durable_wait one;
    const seat taken(*self, one, ctx.loop());
    if (auto begun = self->begin_flush(one); !begun) co_return begun;
    const auto how = co_await one.task->until(ctx.deadline());
    co_return self->end(one, how);
}

task<result<void>> event_core::close(std::shared_ptr<event_core> self) {
    const executor here = co_await this_task;
    const context& ctx = here.context();
    durable_wait one;
    const seat taken(*self, one, ctx.loop());
    const bool over = self->begin_close(one);
    const auto how = over ? remote_wait::ending::woken : co_await one.task->until(ctx.deadline());
    const bool late = ctx.deadline() <= ctx.loop().clock().now(); // with_deadline also cancels
    if (how != remote_wait::ending::woken && late) self->give_up();
    co_return self->end(one, how);
}

void event_core::close_and_join() noexcept {
    if (!thread_.joinable()) return;
    {
        lock held(mutex_);
        begin_close();
        const auto limit = std::min<duration>(options_.close_limit, std::chrono::hours(24));
        if (!abandoned_) over_changed_.wait_for(held, limit, [this] { return over_; });
        abandoned_ = true;
        wake_.notify_one();
    }
    thread_.join();
}

event_writer_stats event_core::stats() const {
    const std::uint64_t accepted = lines_.accepted();
    const std::lock_guard held(mutex_);
    event_writer_stats all = counts_;
    all.accepted = accepted;
    all.dropped = dropped_.load(std::memory_order_relaxed);
    all.queued_bytes = lines_.bytes();
    return all;
}

} // namespace weir::feed::detail
