// SPDX-License-Identifier: MIT
#include "core/cancellation_relay.hpp"
#include <weir/core/lifecycle.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace weir {

namespace asio = boost::asio;

namespace {

// What is known of work that runs beside the one who waits for it, and may be left behind by him.
struct supervised {
    bool late = false;
    std::optional<result<void>> outcome{};
    std::exception_ptr failure{};
    asio::cancellation_signal cancel{};
    loop::timer_id deadline = 0;
    loop::timer_id patience = 0;
    std::function<void(std::shared_ptr<supervised>)> wake{}; // him; null once he has been woken

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

// Runs the work, cancels it at `at`, and waits for its end, until `leave_at` at most.
task<supervision> supervise(time_point at, time_point leave_at, task<result<void>> work) {
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
        state->deadline = home.call_at(at, [state] {
            state->late = true;
            state->cancel.emit(asio::cancellation_type::total);
        });
        if (leave_at != time_point::max()) state->patience = home.call_at(leave_at, [state] { wake_waiter(state); });
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
    const auto state = co_await supervise(at, time_point::max(), std::move(work));
    co_return verdict(*state);
}

void lifecycle::tell(lifecycle_event event) const {
    if (report_) report_(event);
}

task<result<void>> lifecycle::step(const lifecycle_part& part, bool starting) {
    using what = lifecycle_event::what;
    const auto& action = starting ? part.start : part.stop;
    if (!action) co_return ok();
    const executor here = co_await this_task;
    const weir::clock& time = here.context().loop().clock();
    const time_point began = time.now();
    tell({starting ? what::starting : what::stopping, part.name, {}, {}});

    const duration allowed = starting ? part.start_deadline : part.stop_deadline;
    result<void> outcome = ok();
    try {
        const auto state = co_await supervise(began + allowed, began + allowed + patience, action());
        if (!state->ended()) ++left_;
        outcome = verdict(*state);
    } catch (...) {
        outcome = current_error();
    }
    const duration took = time.now() - began;
    if (outcome)
        tell({starting ? what::started : what::stopped, part.name, took, {}});
    else if (outcome.error() == errc::deadline_exceeded)
        tell({what::cut, part.name, took, outcome.error()});
    else
        tell({what::failed, part.name, took, outcome.error()});
    co_return outcome;
}

task<result<void>> lifecycle::start() {
    for (started_ = 0; started_ < parts_.size(); ++started_) {
        auto begun = co_await step(parts_[started_], true);
        if (begun) continue;
        co_await stop();
        co_return begun.error();
    }
    co_return ok();
}

duration lifecycle::stop_time() const noexcept {
    duration all{};
    for (const auto& part : parts_) all += part.stop_deadline + patience;
    return all;
}

task<bool> lifecycle::stop() {
    bool clean = true;
    while (started_ > 0) {
        const auto ended = co_await step(parts_[--started_], false);
        clean = clean && ended.has_value();
    }
    co_return clean;
}

} // namespace weir
