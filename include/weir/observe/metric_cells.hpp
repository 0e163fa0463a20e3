// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

/// Contention-free counting: each thread adds to its own memory, and a scrape sums it up. A thread owns a slot while it
/// lives; slots are reused. Threads beyond the number of slots share the last one and add atomically.
namespace weir::detail {

using metric_cell = std::atomic<std::uint64_t>;

inline constexpr unsigned thread_slots = 32;
inline constexpr unsigned shared_slot = thread_slots - 1;
inline constexpr unsigned no_slot = thread_slots;

inline constinit thread_local unsigned current_slot = no_slot;

unsigned take_slot();

inline unsigned thread_slot() {
    const unsigned slot = current_slot;
    return slot != no_slot ? slot : take_slot();
}

// Owns the cells of all series of one registry, in blocks of cache lines, each block for one slot.
class cell_arena {
public:
    // Returns `count` zeroed cells, valid until the arena is destroyed.
    metric_cell* allocate(unsigned slot, std::size_t count);

private:
    static constexpr std::size_t line_cells = 64 / sizeof(metric_cell);
    static constexpr std::size_t block_lines = 32;

    struct alignas(64) line {
        std::array<metric_cell, line_cells> cells{};
    };
    struct blocks {
        std::vector<std::unique_ptr<line[]>> all;
        metric_cell* next = nullptr;
        std::size_t left = 0;
    };

    std::mutex mutex_;
    std::array<blocks, thread_slots> slots_;
};

// `count` numbers, each spread over the slots. Adding is lock-free once a thread has used its cells.
class sharded_cells {
public:
    sharded_cells(cell_arena& arena, std::size_t count) : arena_(&arena), count_(count) {}

    metric_cell* of(unsigned slot) {
        metric_cell* cells = shards_[slot].load(std::memory_order_acquire);
        return cells ? cells : grow(slot);
    }

    std::uint64_t sum(std::size_t index) const noexcept;
    double sum_doubles(std::size_t index) const noexcept;

private:
    metric_cell* grow(unsigned slot);

    cell_arena* arena_;
    std::size_t count_;
    std::array<std::atomic<metric_cell*>, thread_slots> shards_{};
};

// Only the slot's thread writes its cell, so a load and a store suffice; the shared slot needs an atomic add.
inline void add_to(metric_cell& cell, std::uint64_t n, unsigned slot) noexcept {
    if (slot == shared_slot)
        cell.fetch_add(n, std::memory_order_relaxed);
    else
        cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

inline void add_to(metric_cell& cell, double n, unsigned slot) noexcept {
    std::uint64_t seen = cell.load(std::memory_order_relaxed);
    const auto sum = [&] { return std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen) + n); };
    if (slot != shared_slot) return cell.store(sum(), std::memory_order_relaxed);
    while (!cell.compare_exchange_weak(seen, sum(), std::memory_order_relaxed)) {
    }
}

} // namespace weir::detail
