// SPDX-License-Identifier: MIT
#pragma once

#include "mqtt/pending.hpp"
#include <weir/core/background.hpp>
#include <weir/core/channel.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace weir::mqtt::detail {

/// A received message, shared by the subscriptions that select it; acknowledged when the last of them is done with it.
struct shared_incoming {
    incoming message{};
    std::size_t left = 0; ///< subscriptions that aren't done
};

/// A subscription of a client. Belongs to the client's loop.
struct subscription {
    subscription(std::string selected, subscription_options given, handler f)
        : filter(std::move(selected)), options(given), call(std::move(f)) {}

    const std::string filter;
    const subscription_options options;
    const handler call;
    std::deque<std::shared_ptr<shared_incoming>> messages{};
    channel<bool> arrived{1}; ///< wakes the worker; closed at the subscription's end
    background worker{};
    std::shared_ptr<pending> answer{}; ///< waits for the broker's first answer
    bool busy = false;                 ///< a handler is running
    bool removed = false;
};

} // namespace weir::mqtt::detail
