// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/background.hpp>
#include <weir/core/loop.hpp>
#include <weir/mq/handled_messages.hpp>
#include <weir/mq/outbox.hpp>
#include <weir/mq/queue.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace weir {

namespace mq::detail {

class relay;

} // namespace mq::detail

/// Something that a relay couldn't do, and does again.
struct outbox_event {
    enum class what : std::uint8_t {
        failed,       ///< a message wasn't published; the next attempt comes after `delay`
        store_failed, ///< the store didn't answer, or refused
        lost,         ///< published messages couldn't be deleted within the lease: they are published again
        relay_failed, ///< an exception, such as for lack of memory
    };
    what kind = what::failed;
    std::string_view topic{}; ///< of the message; valid during the call
    std::string_view id{};    ///< likewise
    std::size_t messages = 1; ///< for `lost`
    duration delay{};
    error failure{};
};

struct outbox_relay_options {
    std::size_t batch = 100;                         ///< messages per claim; 1 to 10,000
    std::size_t batch_bytes = std::size_t{8} << 20U; ///< likewise; a larger message is a batch of its own
    std::size_t concurrency = 16;             ///< messages published at a time; those of one key go one after the other
    duration lease = std::chrono::minutes(1); ///< after which other relays take over; half of it is for publishing
    duration publish_timeout = std::chrono::seconds(10); ///< of one message
    duration poll = std::chrono::milliseconds(100);      ///< first pause when there is nothing to do; doubles
    duration max_poll = std::chrono::seconds(5);         ///< longest pause
    duration backoff = std::chrono::seconds(1);          ///< first delay of a message that failed; doubles
    duration max_backoff = std::chrono::minutes(5);      ///< longest delay
    /// For a queue in memory: messages stay in the outbox until the process's consumers have handled them. Null: until
    /// the queue has taken them.
    handled_messages* handled = nullptr;
    std::size_t max_unhandled = 10'000;                ///< messages that wait for their handlers; then none is claimed
    duration measure_every = std::chrono::seconds(10); ///< how often the messages are counted; max(): never
    std::function<double()> random{};                  ///< in [0, 1), thread-safe; default: the thread's generator
    std::function<void(const outbox_event&)> on_event{}; ///< called on the relay's loop; exceptions are ignored
};

/// Counts are of this object since its creation; the depth is that of the last count.
struct outbox_relay_stats {
    std::uint64_t relayed = 0;      ///< messages published
    std::uint64_t failed = 0;       ///< attempts to publish that failed
    std::uint64_t lost = 0;         ///< messages published and not deleted in time, which are published again
    std::uint64_t store_errors = 0; ///< calls of the store that failed
    std::size_t pending = 0;
    duration oldest{};
    std::size_t unhandled = 0; ///< published, and waiting for their handlers
    bool running = false;      ///< from the start to the end of the run
};

/// Publishes an outbox's messages to a queue, each at least once and always with the same id. Messages with one key are
/// published in their order. A commit in this process wakes it; otherwise it polls. Several relays, in one process or
/// many, share the work; when one dies, others take over after its lease. A message that the queue refuses stays, is
/// tried again and holds up later ones with its key only. Belongs to one loop; store and queue must outlive its run.
///
///     app.on_start("relay", [&] { return relay.start(); }).on_stop("relay", [&] { return relay.stop(); });
class outbox_relay {
public:
    /// Throws std::invalid_argument for options out of range.
    outbox_relay(outbox_store& from, queue& to, outbox_relay_options options = {});
    /// Cancels the run without waiting. The messages in progress are published again when their lease has ended.
    ~outbox_relay();
    outbox_relay(const outbox_relay&) = delete;
    outbox_relay& operator=(const outbox_relay&) = delete;

    /// Begins on that loop. A relay runs once: later calls have no effect. Loop thread, or before it runs.
    void start(loop& on);
    /// The same on the calling task's loop; always succeeds.
    task<result<void>> start();

    /// Begins no further publication, waits for those in progress and settles them. At the context's deadline, or if
    /// the call is cancelled, it cancels them, which returns errc::deadline_exceeded: they are published again when
    /// their lease has ended. Idempotent.
    task<result<void>> stop();

    /// Any thread.
    outbox_relay_stats stats() const noexcept;

private:
    const std::shared_ptr<mq::detail::relay> relay_;
    background run_{};
};

} // namespace weir
