// SPDX-License-Identifier: MIT
#include <weir/core/lifecycle.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>

#include <optional>

namespace weir {

namespace asio = boost::asio;

task<result<void>> with_deadline(time_point at, task<result<void>> work) {
    const executor here = co_await this_task;
    weir::loop& home = here.context().loop();
    bool late = false;
    std::optional<result<void>> outcome;
    std::exception_ptr failure;

    auto start = [&](auto handler) {
        auto outer = asio::get_associated_cancellation_slot(handler);
        auto cancel = std::make_shared<asio::cancellation_signal>();
        const auto timer = home.call_at(at, [&late, cancel] {
            late = true;
            cancel->emit(asio::cancellation_type::total);
        });
        if (outer.is_connected()) outer.assign([cancel](asio::cancellation_type kind) { cancel->emit(kind); });
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto run = [](task<result<void>> inner, std::optional<result<void>>& out) -> task<void> {
            // It takes the frame's copy of the parameter, made by a move, for a use of the one moved from.
            // NOLINTNEXTLINE(bugprone-use-after-move)
            co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
            co_await asio::this_coro::throw_if_cancelled(false);
            out.emplace(co_await std::move(inner));
        };
        auto finished = [&home, &failure, timer, cancel, shared](std::exception_ptr thrown) {
            home.cancel_timer(timer);
            failure = thrown;
            asio::get_associated_cancellation_slot(*shared).clear();
            std::move (*shared)();
        };
        asio::co_spawn(here, run(std::move(work), outcome), asio::bind_cancellation_slot(cancel->slot(), finished));
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(start, use_task);
    if (failure) std::rethrow_exception(failure);
    if (late) co_return errc::deadline_exceeded;
    co_return std::move(*outcome);
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
        outcome = co_await with_deadline(began + allowed, action());
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

task<bool> lifecycle::stop() {
    bool clean = true;
    while (started_ > 0) {
        const auto ended = co_await step(parts_[--started_], false);
        clean = clean && ended.has_value();
    }
    co_return clean;
}

} // namespace weir
