// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/channel.hpp>
#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/mq/message.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace weir {

/// A message of an outbox that a relay has claimed.
struct outbox_entry {
    std::int64_t row = 0; ///< its place in the outbox; messages were added in this order
    weir::message content{};
    std::uint32_t failures = 0; ///< earlier attempts to publish it that failed by themselves
};

/// How a claimed message ends.
struct outbox_outcome {
    enum class what : std::uint8_t {
        published, ///< the queue has confirmed it: it is deleted
        failed,    ///< may be claimed again after `delay`
        returned,  ///< wasn't attempted: may be claimed again at once
    };
    std::int64_t row = 0;
    what kind = what::returned;
    duration delay{};
    error failure{}; ///< of `failed`
};

struct outbox_depth {
    std::size_t pending = 0; ///< messages not yet published
    duration oldest{};       ///< age of the oldest one
};

/// Where messages wait for their publication: rows in the database of the service that adds them in its transactions
/// (orm::outbox_store). Process-wide; shared with other processes, whose relays use it at the same time.
class outbox_store {
public:
    outbox_store() = default;
    outbox_store(const outbox_store&) = delete;
    outbox_store& operator=(const outbox_store&) = delete;
    virtual ~outbox_store() = default;

    /// Claims up to `most` messages of together up to `most_bytes` (at least one), the first ones added that are free,
    /// for a holder, whose name is unique and at most 64 bytes long. No other claim gets them until the lease ends. A
    /// message with a key isn't claimed as long as an earlier one with that key exists outside of the claim. The views
    /// must last until the task ends.
    virtual task<result<std::vector<outbox_entry>>> claim(
        std::string_view holder, std::size_t most, std::size_t most_bytes, duration lease) = 0;

    /// Makes the holder's lease of these messages end after `lease` from now; returns how many of them it still held.
    virtual task<result<std::size_t>> extend(std::string_view holder, std::span<const std::int64_t> rows,
                                             duration lease) = 0;

    /// Ends the holder's claim of these messages; returns how many of them it still held.
    virtual task<result<std::size_t>> settle(std::string_view holder, std::span<const outbox_outcome> outcomes) = 0;

    virtual task<result<outbox_depth>> depth() = 0;

    /// Gets a value after messages were added in this process; holds at most one.
    channel<std::monostate>& added() noexcept { return added_; }

private:
    channel<std::monostate> added_{1};
};

} // namespace weir
