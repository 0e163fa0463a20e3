// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metric_cells.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::resilience::detail {

// Up to eight growing counters for all loops: each thread adds to a cache line shared with few others. Never allocates.
// Thread-safe.
class sharded_counts {
public:
    void add(std::size_t index) noexcept {
        shards_[weir::detail::thread_slot() % shards].cells[index].fetch_add(1, std::memory_order_relaxed);
    }
    std::uint64_t sum(std::size_t index) const noexcept {
        std::uint64_t all = 0;
        for (const shard& one : shards_) all += one.cells[index].load(std::memory_order_relaxed);
        return all;
    }

private:
    static constexpr std::size_t shards = 8;

    struct alignas(64) shard {
        std::array<std::atomic<std::uint64_t>, 8> cells{};
    };

    std::array<shard, shards> shards_{};
};

} // namespace weir::resilience::detail
