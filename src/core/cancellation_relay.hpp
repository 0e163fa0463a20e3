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

/// Keeps the signal until what it told has arrived; by value, as what is told may end the caller.
inline void tell(std::shared_ptr<boost::asio::cancellation_signal> signal, weir::loop& home,
                 boost::asio::cancellation_type kind) {
    signal->emit(kind);
    boost::asio::post(home.io(), [signal = std::move(signal)] {});
}

/// A slot to spawn a task with, which `outer` cancels. Asio hands a cancellation on to a spawned task by a pointer into
/// the signal that it came by, in a turn of its own; by then the task may have ended, and the signal's owner with it.
/// So the task gets a signal of its own, which lives until that turn.
inline boost::asio::cancellation_slot relayed(boost::asio::cancellation_slot outer, weir::loop& home) {
    const auto own = std::make_shared<boost::asio::cancellation_signal>();
    outer.assign([own, &home](boost::asio::cancellation_type kind) { tell(own, home, kind); });
    return own->slot();
}

/// A task that ends by a cancellation of any kind, in its own time, be it with errc::cancelled.
task<void> cancellable(task<void> work);

/// Starts one that `cancel` ends, which lives until it has ended; `done` is called then.
template<class Done>
void spawn_cancellable(const executor& on, task<void> work, boost::asio::cancellation_signal& cancel, Done done) {
    auto slot = relayed(cancel.slot(), on.context().loop());
    boost::asio::co_spawn(on, cancellable(std::move(work)), boost::asio::bind_cancellation_slot(slot, std::move(done)));
}

} // namespace weir::detail
