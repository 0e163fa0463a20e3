// SPDX-License-Identifier: MIT
#include "core/supervise.hpp"

#include "core/cancellation_relay.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace weir::detail {

namespace asio = boost::asio;

namespace {

// Keeps no reference: the waiter may destroy the owner of the work's context next.
void wake_waiter(supervision of) {
    if (const auto waiter = std::exchange(of->waiter, nullptr)) waiter->resume(std::move(of));
}

// Cancels the work, which may end at once. If it takes longer than `patience`, its waiter abandons it.
void cancel_work(weir::loop& home, const supervision& of, duration patience) {
    of->cancel.emit(asio::cancellation_type::total);
    if (of->ended || of->patience != 0 || patience == duration::max()) return;
    of->patience = home.call_at(detail::later(home.clock().now(), patience), [of] { wake_waiter(of); });
}

// Resumes the waiter in a separate turn: until then Asio holds the work's context.
void end(weir::loop& home, const supervision& of, std::exception_ptr thrown) {
    of->ended = true;
    of->failure = std::move(thrown);
    home.cancel_timer(of->deadline);
    home.cancel_timer(of->patience);
    asio::post(home.io(), [held = of]() mutable { wake_waiter(std::move(held)); }); // a copy, because `of` is const
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
    auto begin = [&](std::shared_ptr<loop_waiter<supervision>> waiter) {
        const auto state = std::make_shared<supervised>(); // owns this frame until the frame resumes
        auto outer = waiter->slot();
        // Holds no reference to the waiter, which may be the last owner of a loop; the signal may outlive that.
        if (outer.is_connected())
            outer.assign([waits = std::weak_ptr(state)](asio::cancellation_type kind) {
                if (const auto alive = waits.lock()) alive->cancel.emit(kind);
            });
        state->waiter = std::move(waiter);
        const auto cancel = [&home, state, patience = terms.patience] { cancel_work(home, state, patience); };
        if (terms.cancel) *terms.cancel = cancel;
        auto cut = [state, cancel] {
            state->late = true;
            cancel();
        };
        if (terms.deadline != time_point::max()) state->deadline = home.call_at(terms.deadline, cut);
        start_work(here, terms, state, std::move(work));
    };
    co_return co_await suspend_on_loop<supervision>(begin);
}

} // namespace weir::detail
