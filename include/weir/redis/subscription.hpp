// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/redis/client.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::redis {

/// What a subscription receives.
struct message {
    enum class kind : std::uint8_t {
        published, ///< `channel` and `payload`
        lost,      ///< the connection is lost: messages published from now on are missed
        resumed,   ///< subscribed again; those in between are missing
        overflow,  ///< the buffer was full: the `missed` oldest messages were dropped
    };

    kind what = kind::published;
    std::string channel{};
    std::string pattern{}; ///< the pattern that matched, if there was one
    std::string payload{};
    std::uint64_t missed = 0;
};

struct subscription_options {
    std::vector<std::string> channels{};
    std::vector<std::string> patterns{};     ///< glob-style
    std::size_t max_messages = 1024;         ///< that wait for their receiver; at least 1
    std::size_t max_bytes = 8 * 1024 * 1024; ///< of their payloads and channels; one message may exceed it
};

struct subscription_stats {
    std::uint64_t received = 0; ///< messages
    std::uint64_t dropped = 0;  ///< of these, dropped because the buffer was full
    std::uint64_t losses = 0;   ///< of the connection
    std::size_t buffered = 0;
    bool subscribed = false; ///< now
};

/// Receives what others publish (PUBLISH), on a connection of its own that is opened again after a loss. Redis keeps no
/// messages: those published meanwhile are missing, and the stream says so. Belongs to one loop and one task at a time.
///
///     redis::subscription news(db, home, {.channels = {"news"}});
///     while (auto next = co_await news.next())
///         if (next->what == redis::message::kind::published) show(next->payload);
class subscription {
public:
    /// Begins to connect. Throws error_exception (errc::invalid_argument) without a channel, or for wrong limits.
    subscription(client& on, loop& home, subscription_options options);
    subscription(subscription&&) noexcept;
    subscription& operator=(subscription&&) noexcept;
    /// Ends the subscription.
    ~subscription();

    /// Waits until the server has confirmed all channels: messages published from then on arrive. Errors: that of the
    /// server; unavailable once the client is closed; cancelled; deadline_exceeded at the context's deadline.
    task<result<void>> ready();
    /// Waits for the next message. The same errors; cancellation loses none.
    task<result<message>> next();

    subscription_stats stats() const noexcept;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace weir::redis
