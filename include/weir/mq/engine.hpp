// SPDX-License-Identifier: MIT
#pragma once

// What an engine of weir::queue implements. Users of a queue don't need it.

#include <weir/core/channel.hpp>
#include <weir/core/result.hpp>
#include <weir/mq/message.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace weir::mq {

/// How a delivery ends.
enum class verdict : std::uint8_t {
    done,     ///< handled: the message is removed
    retry,    ///< failed: delivered again after `delay`, as the next attempt
    dead,     ///< failed for good: moved to the dead letters
    returned, ///< not handled: delivered again as the same attempt, to any consumer
};

struct settlement {
    verdict how = verdict::done;
    duration delay{}; ///< for `retry`
};

/// A delivered message that its engine still keeps. It ends by one call of `settle`, which hands the verdict over
/// without waiting, on any thread. A verdict may be lost with a connection or a crash: the message is then delivered
/// again. While a message with a key is unsettled, or waits for its retry, its group gets no other message with that
/// key.
class unsettled {
public:
    explicit unsettled(std::shared_ptr<const message> of) noexcept : delivered(std::move(of)) {}
    unsettled(const unsettled&) = delete;
    unsettled& operator=(const unsettled&) = delete;

    /// May destroy this object. Never throws; an engine without memory for a verdict returns the message.
    virtual void settle(settlement how) noexcept = 0;

    weir::delivery delivered;

protected:
    virtual ~unsettled() = default;
};

/// Owns an unsettled message, and returns it to its engine if it is destroyed before a verdict.
class claim {
public:
    explicit claim(unsettled& of) noexcept : of_(&of) {}
    claim(claim&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    claim& operator=(claim&& other) noexcept {
        claim taken(std::move(other));
        std::swap(of_, taken.of_);
        return *this;
    }
    ~claim() {
        if (of_) of_->settle({verdict::returned});
    }

    weir::delivery& delivered() const noexcept { return of_->delivered; }
    /// Gives up the ownership without a verdict.
    unsettled* release() noexcept { return std::exchange(of_, nullptr); }
    void settle(settlement how) && noexcept { std::exchange(of_, nullptr)->settle(how); }

private:
    unsettled* of_;
};

/// The deliveries of one subscription. Its users hold it until they have no claim left; it then keeps the engine's
/// memory of these claims valid, even after the queue is destroyed.
class consumer_link {
public:
    consumer_link() = default;
    consumer_link(const consumer_link&) = delete;
    consumer_link& operator=(const consumer_link&) = delete;
    virtual ~consumer_link() = default;

    /// The messages to handle. May be shared with other subscriptions. Closed when the queue is closed.
    virtual channel<claim>& arriving() noexcept = 0;
    /// Waits until the engine delivers messages. An engine that can't yet goes on trying.
    virtual task<result<void>> established() = 0;
    /// Ends the deliveries; unsettled messages go back to the queue. Idempotent; any thread.
    virtual void close() noexcept = 0;
};

} // namespace weir::mq
