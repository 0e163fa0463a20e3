// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/core/task.hpp>
#include <weir/redis/command.hpp>
#include <weir/redis/detail/call.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace weir::redis::detail {

using shared_target = std::shared_ptr<call_target>;

// Gives the call its bytes. The command must outlive it.
void prepare(call& one, const command& from) noexcept;

// How a command is sent, apart from its bytes.
struct send_terms {
    duration patience{}; // how long it may wait on the server
    int node = -1;       // the number of a cluster's node, if not the key decides
};

template<class T>
task<result<T>> perform(shared_target to, command what, send_terms terms) {
    typed_call<T> one;
    prepare(one, what);
    one.patience = terms.patience;
    one.node = terms.node;
    call* const all[]{&one};
    const executor here = co_await this_task;
    calling wait(*to, here.context().loop(), all);
    co_await std::move(wait);
    co_return one.take();
}

template<class T>
task<result<T>> perform(shared_target to, command what) {
    return perform<T>(std::move(to), std::move(what), send_terms{});
}

// A dedicated connection for one call, taken when that is sent. `client` is a client's core.
shared_target blocking_target(const shared_target& client);

// Asks a cluster for its nodes, the first time.
task<result<void>> know_nodes(shared_target client);

template<class T>
task<result<T>> perform_blocking(shared_target client, duration wait, command what) {
    auto known = co_await know_nodes(client);
    if (!known) co_return result<T>(boost::system::in_place_error, known.error());
    send_terms terms;
    terms.patience = wait;
    co_return co_await perform<T>(blocking_target(client), std::move(what), terms);
}

// Rounded up.
std::int64_t milliseconds(duration time) noexcept;
command set_command(command begun, duration ttl);

} // namespace weir::redis::detail
