// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

namespace weir::detail {

/// Emits the signal and keeps it alive until the cancellation has arrived. Takes it by value, because the cancellation
/// may destroy the caller.
inline void emit_held(std::shared_ptr<boost::asio::cancellation_signal> signal, weir::loop& home,
                      boost::asio::cancellation_type kind) {
    signal->emit(kind);
    boost::asio::post(home.io(), [signal = std::move(signal)] {});
}

/// Returns a cancellation slot for a spawned task, cancelled through `outer`. Asio passes a cancellation to a spawned
/// task through a pointer into the signal, in a later turn; by then the task may have ended and its owner may have
/// destroyed the signal. So the task gets its own signal, which lives until that turn.
inline boost::asio::cancellation_slot relayed(boost::asio::cancellation_slot outer, weir::loop& home) {
    const auto own = std::make_shared<boost::asio::cancellation_signal>();
    outer.assign([own, &home](boost::asio::cancellation_type kind) { emit_held(own, home, kind); });
    return own->slot();
}

/// Wraps a task so that any kind of cancellation reaches it; it may end with errc::cancelled.
task<void> cancellable(task<void> work);

/// Spawns a task that `cancel` cancels. The signal must outlive the task; `done` is called at its end.
template<class Done>
void spawn_cancellable(const executor& on, task<void> work, boost::asio::cancellation_signal& cancel, Done done) {
    auto slot = relayed(cancel.slot(), on.context().loop());
    boost::asio::co_spawn(on, cancellable(std::move(work)), boost::asio::bind_cancellation_slot(slot, std::move(done)));
}

} // namespace weir::detail
