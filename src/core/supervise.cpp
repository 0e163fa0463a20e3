// SPDX-License-Identifier: MIT
#include "core/supervise.hpp"

#include "core/cancellation_relay.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace weir::detail {

namespace asio = boost::asio;

namespace {

// Keeps nothing of it: what the waiter does next may end what the work's context belongs to.
void wake_waiter(supervision of) {
    if (const auto wake = std::exchange(of->wake, nullptr)) wake(std::move(of));
}

// Cancels the work, which may end by it at once; its waiter leaves it behind when it takes too long.
void cancel_work(weir::loop& home, const supervision& of, duration patience) {
    of->cancel.emit(asio::cancellation_type::total);
    if (of->ended || of->patience != 0 || patience == duration::max()) return;
    of->patience = home.call_at(detail::later(home.clock().now(), patience), [of] { wake_waiter(of); });
}

// The waiter goes on in a turn of its own: until then Asio holds the work's context.
void end(weir::loop& home, const supervision& of, std::exception_ptr thrown) {
    of->ended = true;
    of->failure = std::move(thrown);
    home.cancel_timer(of->deadline);
    home.cancel_timer(of->patience);
    asio::post(home.io(), [held = of]() mutable { wake_waiter(std::move(held)); }); // of is const
}

void start_work(const executor& here, const supervision_terms& terms, const supervision& state, task<void> work) {
    weir::loop& home = here.context().loop();
    if (terms.shows_deadline) state->inner.emplace(here.context(), terms.deadline);
    context& ctx = state->inner ? *state->inner : here.context();
    spawn_cancellable(home.get_executor(ctx), std::move(work), state->cancel,
                      [&home, state](std::exception_ptr thrown) { end(home, state, std::move(thrown)); });
    if (state->inner) ctx.keep_while_held(state);
}

} // namespace

task<supervision> supervise(supervision_terms terms, task<void> work) {
    const executor here = co_await this_task;
    weir::loop& home = here.context().loop();
    auto start = [&](auto handler) {
        const auto state = std::make_shared<supervised>(); // this frame gets hold of it when it goes on
        auto outer = asio::get_associated_cancellation_slot(handler);
        // Not the waiter itself, which may be all that is left of a loop: the signal may live longer than that.
        if (outer.is_connected())
            outer.assign([waits = std::weak_ptr(state)](asio::cancellation_type kind) {
                if (const auto alive = waits.lock()) alive->cancel.emit(kind);
            });
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
        start_work(here, terms, state, std::move(work));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void(supervision)>(start, use_task);
}

} // namespace weir::detail
