// SPDX-License-Identifier: MIT
#pragma once

#include <weir/redis/client_options.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>

namespace weir::redis::detail {

/// A number that one loop changes and any thread reads: no locked instruction.
template<std::integral T>
class loop_number {
public:
    void add(T n = 1) noexcept { value_.store(value() + n, std::memory_order_relaxed); }
    void sub(T n = 1) noexcept { value_.store(value() - n, std::memory_order_relaxed); }
    T value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<T> value_{0};
};

/// The statistics of a client on one loop; they outlive the loop.
struct counters {
    using number = loop_number<std::uint64_t>;

    number commands{};
    number replies{};
    number errors{};
    number lost{};
    number late{};
    number cancelled{};
    number refused{};
    number sent{};
    number received{};
    number writes{};
    number connected{};
    number reconnects{};
    number dropped{};
    number failovers{};
    number redirects{};
    loop_number<std::size_t> in_flight{};
    loop_number<std::size_t> waiting{};
    loop_number<std::size_t> open{};

    void add_to(client_stats& sum) const noexcept {
        sum.commands += commands.value();
        sum.replies += replies.value();
        sum.errors += errors.value();
        sum.lost += lost.value();
        sum.late += late.value();
        sum.cancelled += cancelled.value();
        sum.refused += refused.value();
        sum.sent += sent.value();
        sum.received += received.value();
        sum.writes += writes.value();
        sum.connected += connected.value();
        sum.reconnects += reconnects.value();
        sum.dropped += dropped.value();
        sum.failovers += failovers.value();
        sum.redirects += redirects.value();
        sum.in_flight += in_flight.value();
        sum.waiting += waiting.value();
        sum.open += open.value();
    }
};

} // namespace weir::redis::detail
