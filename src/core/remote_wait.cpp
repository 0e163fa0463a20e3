// SPDX-License-Identifier: MIT
#include "core/remote_wait.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace weir::detail {

namespace asio = boost::asio;

template<class Handler>
struct remote_wait::sleeping final : sleeper {
    sleeping(loop& on, Handler waits) : sleeper(on), handler(std::move(waits)) {}

    void finish(ending how) override {
        auto done = std::move(handler);
        work.reset();
        asio::get_associated_cancellation_slot(done).clear();
        const auto ex = asio::get_associated_executor(done);
        asio::dispatch(ex, [done = std::move(done), how]() mutable { std::move(done)(how); });
    }

    Handler handler;
};

task<remote_wait::ending> remote_wait::until(time_point deadline) {
    if (woken_) co_return ending::woken;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return ending::cancelled;
    auto start = [this, deadline](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        const auto waits = std::make_shared<sleeping<decltype(handler)>>(home_, std::move(handler));
        waits->timer = home_.call_at(deadline, [waits] { waits->finish(ending::late); });
        sleeper_ = waits;
        if (slot.is_connected())
            slot.assign([weak = sleeper_](asio::cancellation_type) {
                if (const auto alive = weak.lock()) alive->wake_early(ending::cancelled);
            });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void(ending)>(start, use_task);
}

// A loop that ends destroys its tasks. A handler posted after Asio's last turn would race with that and would never be
// released, because it holds its own memory.
void remote_wait::wake() noexcept {
    outside_->send([this] {
        namespace execution = asio::execution;
        const room_allocator<void> memory(room_);
        const auto later =
            asio::require(home_.io().get_executor(), execution::blocking.never, execution::allocator(memory));
        later.execute([self = shared_from_this()] { self->arrive(); });
    });
}

void remote_wait::arrive() {
    woken_ = true;
    if (const auto alive = sleeper_.lock()) alive->wake_early(ending::woken);
}

} // namespace weir::detail
