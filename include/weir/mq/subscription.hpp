// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/background.hpp>
#include <weir/core/loop.hpp>

#include <cstddef>
#include <memory>

namespace weir {

namespace mq::detail {

class consumer;

} // namespace mq::detail

struct subscription_stats {
    std::size_t running = 0; ///< handlers
    bool stopping = false;
};

/// A handler that consumes messages; `queue::consume` returns it. Destroying it ends the deliveries and cancels running
/// handlers without waiting; their messages go back to the queue. It may outlive the queue. Belongs to one loop.
///
///     app.on_stop("mail consumer", [&] { return mails.stop(); });
class [[nodiscard]] subscription {
public:
    /// An empty subscription, which behaves as if it had been stopped.
    subscription() noexcept = default;
    explicit subscription(std::shared_ptr<mq::detail::consumer> of) noexcept;
    subscription(subscription&& other) noexcept;
    subscription& operator=(subscription&& other) noexcept;
    ~subscription();

    /// Waits until the engine delivers messages; until then it goes on trying, also if this isn't called.
    task<result<void>> established() const;

    /// Starts no further handler and waits for running ones, until the context's deadline and no longer than
    /// consume_options::drain. Handlers that still run then are cancelled and waited for; unless one succeeds, its
    /// message goes back to the queue, and so do messages that were delivered but not begun. Returns
    /// errc::deadline_exceeded if a handler was cancelled. Cancelling the call is like the deadline. Idempotent.
    task<result<void>> stop() const;

    subscription_stats stats() const noexcept;

private:
    void cancel() noexcept;

    std::shared_ptr<mq::detail::consumer> of_{};
};

} // namespace weir
