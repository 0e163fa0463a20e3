// SPDX-License-Identifier: MIT
#include "core/cancellation_relay.hpp"
#include <weir/core/lifecycle.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace weir {

namespace asio = boost::asio;

namespace {

// What is known of work that runs beside its waiter, who may leave it behind.
struct supervised {
    bool late = false;
    std::optional<result<void>> outcome{};
    std::exception_ptr failure{};
    asio::cancellation_signal cancel{};
    loop::timer_id deadline = 0;
    loop::timer_id patience = 0;
    std::function<void(std::shared_ptr<supervised>)> wake{}; // the waiter; null once it goes on

    bool ended() const { return outcome || failure; }
};
using supervision = std::shared_ptr<supervised>;

void wake_waiter(const supervision& of) {
    if (of->wake) std::exchange(of->wake, nullptr)(of);
}

task<void> keep_outcome(task<result<void>> work, supervision in) {
    // It takes the frame's copy of the parameter, made by a move, for a use of the one moved from.
    // NOLINTNEXTLINE(bugprone-use-after-move)
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    in->outcome.emplace(co_await std::move(work));
}

// How long work may take, and what is done with it then.
struct supervision_terms {
    time_point deadline{};                   // then it is cancelled
    duration patience = duration::max();     // for its end after a cancellation; then it is left behind
    std::function<void()>* cancel = nullptr; // is given what cancels it
};

// Cancels the work, which may end by it at once; its waiter leaves it behind when it takes too long.
void cancel_work(weir::loop& home, const supervision& of, duration patience) {
    of->cancel.emit(asio::cancellation_type::total);
    if (of->ended() || of->patience != 0 || patience == duration::max()) return;
    of->patience = home.call_at(detail::later(home.clock().now(), patience), [of] { wake_waiter(of); });
}

// Runs the work, cancels it at its deadline, and waits for its end, for as long as its terms say.
task<supervision> supervise(supervision_terms terms, task<result<void>> work) {
    const executor here = co_await this_task;
    weir::loop& home = here.context().loop();
    auto start = [&](auto handler) {
        const auto state = std::make_shared<supervised>(); // this frame gets hold of it when it goes on
        auto outer = asio::get_associated_cancellation_slot(handler);
        if (outer.is_connected()) outer.assign([state](asio::cancellation_type kind) { state->cancel.emit(kind); });
        state->wake = [waits = std::make_shared<decltype(handler)>(std::move(handler))](supervision of) {
            asio::get_associated_cancellation_slot(*waits).clear();
            std::move (*waits)(std::move(of));
        };
        const auto cancel = [&home, state, patience = terms.patience] { cancel_work(home, state, patience); };
        if (terms.cancel) *terms.cancel = cancel;
        auto cut = [state, cancel] {
            state->late = true;
            cancel();
        };
        if (terms.deadline != time_point::max()) state->deadline = home.call_at(terms.deadline, cut);
        auto finished = [&home, state](std::exception_ptr thrown) {
            state->failure = thrown;
            home.cancel_timer(state->deadline);
            home.cancel_timer(state->patience);
            wake_waiter(state);
        };
        asio::co_spawn(here, keep_outcome(std::move(work), state),
                       asio::bind_cancellation_slot(detail::relayed(state->cancel.slot(), home), finished));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void(supervision)>(start, use_task);
}

// The outcome of what has ended or has been left.
result<void> verdict(const supervised& state) {
    if (state.failure) std::rethrow_exception(state.failure);
    if (state.late || !state.outcome) return errc::deadline_exceeded;
    return *state.outcome;
}

} // namespace

task<result<void>> with_deadline(time_point at, task<result<void>> work) {
    supervision_terms terms;
    terms.deadline = at;
    const auto state = co_await supervise(terms, std::move(work));
    co_return verdict(*state);
}

void lifecycle::report(lifecycle_event event) const {
    if (report_) report_(event);
}

void lifecycle::add(lifecycle_part part) {
    if (part.start && phase_ > phase::starting)
        throw std::logic_error("\"" + part.name + "\" has a start, and the others have started already");
    const bool started = phase_ != phase::made && !part.start;
    parts_.insert(phase_ == phase::starting ? next_ : parts_.end(), {std::move(part), started});
}

task<result<void>> lifecycle::step(const lifecycle_part& part, bool starting) {
    using what = lifecycle_event::what;
    const auto& action = starting ? part.start : part.stop;
    if (!action) co_return ok();
    const executor here = co_await this_task;
    const weir::clock& time = here.context().loop().clock();
    const time_point began = time.now();
    report({starting ? what::starting : what::stopping, part.name, {}, {}});

    supervision_terms terms;
    terms.deadline = detail::later(began, starting ? part.start_deadline : part.stop_deadline);
    terms.patience = patience;
    if (starting) terms.cancel = &cancel_step_;
    result<void> outcome = ok();
    try {
        const auto state = co_await supervise(terms, action());
        if (!state->ended()) ++left_;
        outcome = verdict(*state);
    } catch (...) {
        outcome = current_error();
    }
    const duration took = time.now() - began;
    if (outcome)
        report({starting ? what::started : what::stopped, part.name, took, {}});
    else if (outcome.error() == errc::deadline_exceeded)
        report({what::cut, part.name, took, outcome.error()});
    else
        report({what::failed, part.name, took, outcome.error()});
    co_return outcome;
}

task<result<void>> lifecycle::start() {
    if (phase_ == phase::made) phase_ = phase::starting;
    for (auto at = parts_.begin(); at != parts_.end() && phase_ == phase::starting; ++at) {
        next_ = std::next(at);
        const auto begun = co_await step(at->part, true);
        cancel_step_ = nullptr;
        if (!begun) {
            phase_ = phase::cancelled;
            co_return begun.error();
        }
        at->started = true;
    }
    if (phase_ == phase::cancelled) co_return errc::cancelled;
    phase_ = phase::started;
    co_return ok();
}

void lifecycle::cancel_start() {
    if (phase_ <= phase::starting) phase_ = phase::cancelled;
    if (cancel_step_) std::exchange(cancel_step_, nullptr)();
}

duration lifecycle::stop_time() const noexcept {
    duration all{};
    for (const auto& one : parts_) all = detail::sum(all, detail::sum(one.part.stop_deadline, patience));
    return all;
}

lifecycle::entry* lifecycle::last_started() noexcept {
    const auto last = std::find_if(parts_.rbegin(), parts_.rend(), [](const entry& one) { return one.started; });
    return last == parts_.rend() ? nullptr : &*last;
}

task<bool> lifecycle::stop() {
    bool clean = true;
    while (entry* const last = last_started()) {
        last->started = false;
        const auto ended = co_await step(last->part, false);
        clean = clean && ended.has_value();
    }
    co_return clean;
}

} // namespace weir
