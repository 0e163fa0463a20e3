// SPDX-License-Identifier: MIT
#include "core/deadline_timer.hpp"
#include "core/suspend.hpp"
#include "resilience/option_check.hpp"
#include <weir/resilience/bulkhead.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

namespace weir {

namespace resilience::detail {

namespace intrusive = boost::intrusive;

enum class wait_outcome : std::uint8_t {
    granted,
    full,
    timed_out, // max_wait has passed
    deadline,  // of the context
    cancelled, // or the loop ended
    closed,    // the bulkhead was destroyed
};

using resumption = std::function<void(wait_outcome)>;

struct in_line;
struct of_loop;
using line_hook = intrusive::list_base_hook<intrusive::tag<in_line>>;
using loop_hook = intrusive::list_base_hook<intrusive::tag<of_loop>, intrusive::link_mode<intrusive::auto_unlink>>;

// A waiter that must end before its loop does.
class loop_bound : public loop_hook {
public:
    virtual void end_with_loop() noexcept = 0;

protected:
    ~loop_bound() = default;
};

// The waiters of a loop, attached to its root context. When the loop is destroyed, it ends them: the place may be held
// by a task of the same loop, so the wait would never end.
struct loop_waiters {
    loop_waiters() = default;
    loop_waiters(const loop_waiters&) = delete;
    loop_waiters& operator=(const loop_waiters&) = delete;
    ~loop_waiters() {
        while (!all.empty()) {
            loop_bound& one = all.front();
            all.pop_front();
            one.end_with_loop();
        }
    }

    intrusive::list<loop_bound, intrusive::base_hook<loop_hook>, intrusive::constant_time_size<false>> all{};
};

inline loop_waiters& waiters_of(loop& home) {
    using owned = std::unique_ptr<loop_waiters>;
    owned* const known = home.root_context().find<owned>();
    return known ? **known : *home.root_context().attach(std::make_unique<loop_waiters>());
}

} // namespace resilience::detail

using resilience::detail::check_option;
using resilience::detail::resumption;
using resilience::detail::wait_outcome;

namespace {

void check_concurrent(std::size_t most) {
    check_option(most >= 1, "bulkhead_options.max_concurrent", most, "1 or more");
}

bulkhead_options checked(bulkhead_options given) {
    check_concurrent(given.max_concurrent);
    check_option(given.max_wait >= duration::zero(), "bulkhead_options.max_wait",
                 fmt::format("{} ns", given.max_wait.count()), "0 or more");
    return given;
}

} // namespace

// A waiting call, stored in the frame of the waiting task. Its loop's thread creates, cancels and destroys it;
// everything else is guarded by the state's mutex.
class bulkhead::waiter final : public resilience::detail::line_hook, public resilience::detail::loop_bound {
public:
    waiter(state& given, loop& home) : of(given) { resilience::detail::waiters_of(home).all.push_back(*this); }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter();

    void end_with_loop() noexcept override;

    state& of;
    resumption resume{}; // set while in line
    bool holds_place = false;
};

struct bulkhead::state {
    explicit state(bulkhead_options given) : options(checked(std::move(given))), most(options.max_concurrent) {}

    bool take_free() noexcept;
    bool is_full() noexcept;
    void release() noexcept;
    void enter(waiter& one, resumption resume);
    void leave(waiter& one, wait_outcome why) noexcept;
    void set_most(std::size_t to) noexcept;
    resumption locked_admit_next() noexcept;
    void close() noexcept;

    bool is_free() const noexcept { return counts.in_flight < most && line.empty(); }
    void admit() noexcept {
        ++counts.in_flight;
        ++counts.admitted;
    }
    resumption take(waiter& one) noexcept;
    resumption admit_next() noexcept;
    std::optional<wait_outcome> try_enter(waiter& one, resumption& resume);

    error refuse(bulkhead_refusal why) noexcept;
    void publish(bulkhead_refusal why) noexcept;

    const bulkhead_options options;
    const error refusal =
        error(errc::unavailable, "too many calls in progress, try again later")
            .with_code("bulkhead_full")
            .with_retry_after(1)
            .caused_by(error(errc::unavailable, "bulkhead " + options.name));
    std::atomic<std::uint64_t> events_failed{0};

    mutable std::mutex mutex{};
    std::size_t most;
    bool closed = false;
    bulkhead_stats counts{};
    boost::intrusive::list<waiter, boost::intrusive::base_hook<resilience::detail::line_hook>> line{};
};

// A call that was granted a place may end with its loop before it resumes.
bulkhead::waiter::~waiter() {
    if (holds_place) of.release();
}

void bulkhead::waiter::end_with_loop() noexcept { of.leave(*this, wait_outcome::cancelled); }

bool bulkhead::state::take_free() noexcept {
    const std::lock_guard lock(mutex);
    if (!is_free()) return false;
    admit();
    return true;
}

// Whether a call can't even wait.
bool bulkhead::state::is_full() noexcept {
    if (options.max_wait == duration::zero()) return true;
    const std::lock_guard lock(mutex);
    return !is_free() && counts.waiting >= options.max_waiting;
}

void bulkhead::state::release() noexcept {
    resumption next;
    {
        const std::lock_guard lock(mutex);
        --counts.in_flight;
        next = admit_next();
    }
    if (next) next(wait_outcome::granted);
}

// Removes a waiter from the line. The caller resumes it without the lock and must not access it after that.
resumption bulkhead::state::take(waiter& one) noexcept {
    line.erase(line.iterator_to(one));
    --counts.waiting;
    return std::exchange(one.resume, nullptr);
}

resumption bulkhead::state::admit_next() noexcept {
    if (line.empty() || counts.in_flight >= most) return {};
    waiter& first = line.front();
    admit();
    first.holds_place = true;
    return take(first);
}

void bulkhead::state::enter(waiter& one, resumption resume) {
    if (const auto at_once = try_enter(one, resume)) resume(*at_once);
}

std::optional<wait_outcome> bulkhead::state::try_enter(waiter& one, resumption& resume) {
    const std::lock_guard lock(mutex);
    if (closed) return wait_outcome::closed;
    if (is_free()) {
        admit();
        one.holds_place = true;
        return wait_outcome::granted;
    }
    if (counts.waiting >= options.max_waiting) return wait_outcome::full;
    one.resume = std::move(resume);
    line.push_back(one);
    ++counts.waiting;
    ++counts.waited;
    return {};
}

void bulkhead::state::leave(waiter& one, wait_outcome why) noexcept {
    resumption ended;
    {
        const std::lock_guard lock(mutex);
        if (!one.resume) return; // it is being resumed already
        ended = take(one);
        if (why != wait_outcome::timed_out) ++counts.left_waiting;
    }
    ended(why);
}

void bulkhead::state::set_most(std::size_t to) noexcept {
    {
        const std::lock_guard lock(mutex);
        most = to;
    }
    while (const resumption next = locked_admit_next()) next(wait_outcome::granted);
}

resumption bulkhead::state::locked_admit_next() noexcept {
    const std::lock_guard lock(mutex);
    return admit_next();
}

void bulkhead::state::close() noexcept {
    for (;;) {
        resumption next;
        {
            const std::lock_guard lock(mutex);
            closed = true;
            if (line.empty()) return;
            next = take(line.front());
        }
        next(wait_outcome::closed);
    }
}

error bulkhead::state::refuse(bulkhead_refusal why) noexcept {
    {
        const std::lock_guard lock(mutex);
        ++(why == bulkhead_refusal::full ? counts.refused : counts.refused_waiting);
    }
    publish(why);
    return refusal;
}

void bulkhead::state::publish(bulkhead_refusal why) noexcept {
    if (!options.on_event) return;
    try {
        options.on_event({.bulkhead = options.name, .why = why});
    } catch (...) {
        events_failed.fetch_add(1, std::memory_order_relaxed);
    }
}

bulkhead::bulkhead(bulkhead_options options) : state_(std::make_shared<state>(std::move(options))) {}

bulkhead::~bulkhead() { state_->close(); }

bulkhead::permit bulkhead::admit() noexcept { return permit(state_->take_free() ? state_ : nullptr); }

result<bulkhead::permit> bulkhead::try_acquire() noexcept {
    permit place = admit();
    if (!place) return state_->refuse(bulkhead_refusal::full);
    return place;
}

task<result<bulkhead::permit>> bulkhead::acquire() {
    permit place = admit();
    if (place) co_return result<permit>(std::move(place));
    co_return co_await wait();
}

task<result<bulkhead::permit>> bulkhead::wait() {
    const std::shared_ptr<state> of = state_; // the bulkhead may be destroyed meanwhile
    if (of->is_full()) co_return of->refuse(bulkhead_refusal::full);
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return errc::cancelled;
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const time_point now = ctx.loop().clock().now();
    if (ctx.deadline() <= now) co_return errc::deadline_exceeded;

    const time_point last = detail::later(now, of->options.max_wait);
    const auto at_end = ctx.deadline() <= last ? wait_outcome::deadline : wait_outcome::timed_out;
    waiter mine(*of, ctx.loop());
    const detail::deadline_timer timer(ctx.loop(), std::min(last, ctx.deadline()), [&mine, at_end] {
        mine.of.leave(mine, at_end);
    });
    auto start = [&mine](resumption resume) { mine.of.enter(mine, std::move(resume)); };
    auto cancel = [&mine] { mine.of.leave(mine, wait_outcome::cancelled); };
    switch (co_await detail::suspend<wait_outcome>(start, cancel)) {
    case wait_outcome::granted:
        mine.holds_place = false;
        co_return result<permit>(permit(of));
    case wait_outcome::full:
        co_return of->refuse(bulkhead_refusal::full);
    case wait_outcome::timed_out:
        co_return of->refuse(bulkhead_refusal::waited);
    case wait_outcome::deadline:
        co_return errc::deadline_exceeded;
    case wait_outcome::cancelled:
        co_return errc::cancelled;
    case wait_outcome::closed:
        break;
    }
    co_return error(errc::unavailable, "the bulkhead was destroyed");
}

void bulkhead::set_max_concurrent(std::size_t most) {
    check_concurrent(most);
    state_->set_most(most);
}

bulkhead_stats bulkhead::stats() const {
    const std::lock_guard lock(state_->mutex);
    bulkhead_stats shown = state_->counts;
    shown.max_concurrent = state_->most;
    shown.events_failed = state_->events_failed.load(std::memory_order_relaxed);
    return shown;
}

const std::string& bulkhead::name() const noexcept { return state_->options.name; }

void bulkhead::permit::release() noexcept { of_->release(); }

} // namespace weir
