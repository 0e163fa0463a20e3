// SPDX-License-Identifier: MIT
#include "mq/consumer.hpp"

#include "resilience/option_check.hpp"
#include "resilience/random_fraction.hpp"
#include <weir/core/deadline.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <new>
#include <string>
#include <utility>

namespace weir::mq::detail {

namespace {

using resilience::detail::check_at_least;
using resilience::detail::check_range;

constexpr duration starved_pause = std::chrono::milliseconds(10); // of a worker without memory
constexpr std::size_t longest_failure = 500;                      // bytes kept of an error's description

// When a stop cancels handlers: early enough before the context's deadline that they can end.
time_point end_of_drain(time_point now, time_point deadline, duration drain) noexcept {
    const time_point at = weir::detail::later(now, drain);
    if (deadline == time_point::max() || deadline <= now) return std::min(at, deadline);
    return std::min(at, now + (deadline - now) / 10 * 9);
}

} // namespace

void check(const consume_options& options) {
    check_at_least("consume_options.concurrency", options.concurrency, 1);
    resilience::detail::check_option(
        options.concurrency <= 10'000, "consume_options.concurrency", options.concurrency, "up to 10000");
    resilience::detail::check_option(
        options.prefetch <= 65'535, "consume_options.prefetch", options.prefetch, "up to 65535");
    check_at_least("consume_options.attempts", options.attempts, 1);
    check_range("consume_options.backoff", options.backoff, duration::zero());
    check_range("consume_options.max_backoff", options.max_backoff, duration::zero(), std::chrono::hours(24));
    check_range("consume_options.multiplier", options.multiplier, 1, 1000);
    check_range("consume_options.time_limit", options.time_limit, duration(1));
    check_range("consume_options.drain", options.drain, duration::zero());
}

// Counts a worker until it ends, also if it never begins or its loop is destroyed.
class consumer::presence {
public:
    explicit presence(std::shared_ptr<consumer> in) noexcept : of(std::move(in)) { ++of->present_; }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;
    ~presence() { of->left(); }

    const std::shared_ptr<consumer> of;
};

// Counts a handler and times it.
class consumer::running_mark {
public:
    explicit running_mark(consumer& in) noexcept : of_(in), begun_(in.home_.clock().now()) {
        ++of_.running_;
        of_.counts_->running.fetch_add(1, std::memory_order_relaxed);
        of_.counts_->all.add(queue_counts::delivered);
    }
    running_mark(const running_mark&) = delete;
    running_mark& operator=(const running_mark&) = delete;
    ~running_mark() {
        --of_.running_;
        of_.counts_->running.fetch_sub(1, std::memory_order_relaxed);
    }

    duration took() const noexcept { return of_.home_.clock().now() - begun_; }

private:
    consumer& of_;
    const time_point begun_;
};

consumer::consumer(loop& home, consume_options options, handler f, std::shared_ptr<consumer_link> link,
                   std::shared_ptr<queue_counts> counts)
    : home_(home), options_(std::move(options)), handler_(std::move(f)), link_(std::move(link)),
      counts_(std::move(counts)), workers_(options_.concurrency) {}

void consumer::begin() {
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i].task = home_.start(work(std::make_unique<presence>(shared_from_this()), i));
}

task<void> consumer::work(std::unique_ptr<presence> mine, std::size_t index) {
    consumer& self = *mine->of;
    const executor here = co_await this_task;
    while (!self.stopping_) {
        bool starved = false; // co_await isn't allowed in a catch block
        try {
            co_await self.handle_next(self.workers_[index], here.context());
        } catch (const std::bad_alloc&) {
            starved = true;
        }
        self.workers_[index].busy = false;
        here.context().reset();
        if (starved) (void)co_await sleep_for(starved_pause);
    }
}

task<void> consumer::handle_next(worker& me, context& ctx) {
    auto taken = co_await link_->arriving().receive();
    if (!taken) {
        stopping_ = stopping_ || taken.error() == errc::unavailable; // the queue is closed
        co_return;
    }
    me.busy = true;
    if (!stopping_) co_await handle(std::move(*taken), ctx);
}

task<void> consumer::handle(claim taken, context& ctx) {
    result<void> ended = ok();
    {
        const running_mark running(*this);
        ended = co_await call(taken.delivered(), ctx);
        observe(running.took());
    }
    const settlement how = decide(taken.delivered(), ended);
    std::move(taken).settle(how);
}

task<result<void>> consumer::call(delivery& of, context& ctx) {
    std::optional<error> failed; // co_return isn't allowed in a catch block
    try {
        ctx.set_request_id(of->id);
        co_return co_await call_within_limit(of, ctx);
    } catch (...) {
        failed = current_error();
    }
    co_return *failed;
}

task<result<void>> consumer::call_within_limit(delivery& of, context& ctx) {
    if (options_.time_limit == duration::max()) return handler_(of);
    const time_point last = weir::detail::later(ctx.loop().clock().now(), options_.time_limit);
    return with_deadline(last, handler_(of));
}

void consumer::observe(duration took) noexcept {
    try {
        if (!measured_) measured_ = counts_->handlers_of(options_.topic, options_.group);
        if (measured_) measured_->observe(took);
    } catch (...) { // no memory for a new series: the next handler tries again
        measured_ = nullptr;
    }
}

settlement consumer::decide(delivery& of, const result<void>& ended) noexcept {
    const settlement how = ended ? settlement{verdict::done} : judge(of, ended.error());
    constexpr std::array counted{queue_counts::done, queue_counts::retried, queue_counts::dead, queue_counts::returned};
    counts_->all.add(counted[static_cast<std::size_t>(how.how)]);
    return how;
}

settlement consumer::judge(delivery& of, const error& failure) noexcept {
    using what = consume_event::what;
    if (cut_) {
        report({.kind = what::returned, .delivered = &of, .failure = failure});
        return {verdict::returned};
    }
    note_failure(of, failure);
    if (is_permanent(failure) || of.attempt >= options_.attempts) {
        report({.kind = what::dead, .delivered = &of, .failure = failure});
        return {verdict::dead};
    }
    const duration delay = delay_after(of.attempt, failure);
    report({.kind = what::retrying, .delivered = &of, .delay = delay, .failure = failure});
    return {verdict::retry, delay};
}

void consumer::note_failure(delivery& of, const error& failure) noexcept {
    if (!of.first_failed) of.first_failed = home_.clock().wall_now();
    try {
        of.last_failure = failure.describe();
        if (of.last_failure.size() > longest_failure) of.last_failure.resize(longest_failure);
    } catch (...) {
        of.last_failure.clear(); // out of memory
    }
}

// Half of the bound and a random part of the other half: retries spread, and none comes at once.
duration consumer::delay_after(std::uint32_t attempt, const error& failure) noexcept {
    const double growth = std::pow(options_.multiplier, attempt - 1);
    const double grown = static_cast<double>(options_.backoff.count()) * growth;
    const double bound = std::min(grown, static_cast<double>(options_.max_backoff.count()));
    const double drawn = bound / 2 * (1 + resilience::detail::random_fraction(options_.random));
    const duration wished = std::chrono::seconds(failure.retry_after());
    return std::min(std::max(duration(static_cast<duration::rep>(drawn)), wished), options_.max_backoff);
}

void consumer::report(const consume_event& event) noexcept {
    if (!options_.on_event) return;
    try {
        options_.on_event(event);
    } catch (...) { // NOLINT(bugprone-empty-catch): documented at the option
    }
}

task<result<void>> consumer::established() { return link_->established(); }

task<result<void>> consumer::stop() {
    const auto self = shared_from_this();
    pause();
    if (present_ == 0) co_return ok();
    const executor here = co_await this_task;
    const time_point now = home_.clock().now();
    const time_point last = end_of_drain(now, here.context().deadline(), options_.drain);
    const auto drained = co_await with_deadline(last, ended_.receive());
    if (drained.error() == errc::unavailable) co_return ok();
    cut();
    const auto ended = co_await ended_.receive();
    if (ended.error() == errc::cancelled) co_return errc::cancelled;
    co_return error(errc::deadline_exceeded, "handlers didn't end within the drain's time and were cancelled");
}

void consumer::cancel() noexcept {
    pause();
    cut();
}

// Idle workers end at once; the others after their handlers.
void consumer::pause() noexcept {
    stopping_ = true;
    for (const worker& one : workers_)
        if (!one.busy) one.task.cancel();
}

void consumer::cut() noexcept {
    cut_ = true;
    for (const worker& one : workers_) one.task.cancel();
}

void consumer::left() noexcept {
    if (--present_ > 0) return;
    link_->close();
    ended_.close();
}

} // namespace weir::mq::detail
