// SPDX-License-Identifier: MIT
#include <weir/observe/metric_cells.hpp>

#include <algorithm>
#include <utility>

namespace weir::detail {

namespace {

// Slots owned by living threads, one bit each. Process-wide, like thread ids.
constinit std::atomic<std::uint32_t> taken_slots{0};

// Releases a thread's slot at its end; later counts of the thread go to the shared slot.
struct slot_owner {
    unsigned slot = shared_slot;

    ~slot_owner() {
        current_slot = shared_slot;
        if (slot != shared_slot) taken_slots.fetch_and(~(1U << slot), std::memory_order_release);
    }
};

unsigned claim_free_slot() noexcept {
    std::uint32_t seen = taken_slots.load(std::memory_order_relaxed);
    for (;;) {
        const auto free = static_cast<unsigned>(std::countr_one(seen));
        if (free >= shared_slot) return shared_slot;
        // Acquire, so that this thread sees the additions of the slot's previous owner.
        if (taken_slots.compare_exchange_weak(
                seen, seen | 1U << free, std::memory_order_acquire, std::memory_order_relaxed))
            return free;
    }
}

} // namespace

unsigned take_slot() {
    thread_local slot_owner owner;
    owner.slot = claim_free_slot();
    return current_slot = owner.slot;
}

metric_cell* cell_arena::allocate(unsigned slot, std::size_t count) {
    const std::lock_guard lock(mutex_);
    blocks& own = slots_[slot];
    if (own.left < count) {
        const std::size_t lines = std::max(block_lines, (count + line_cells - 1) / line_cells);
        own.all.push_back(std::make_unique<line[]>(lines));
        own.next = own.all.back()[0].cells.data();
        own.left = lines * line_cells;
    }
    own.left -= count;
    return std::exchange(own.next, own.next + count);
}

// Threads of the shared slot may race here; the loser's cells stay unused.
metric_cell* sharded_cells::grow(unsigned slot) {
    metric_cell* const fresh = arena_->allocate(slot, count_);
    metric_cell* seen = nullptr;
    if (shards_[slot].compare_exchange_strong(seen, fresh, std::memory_order_acq_rel)) return fresh;
    return seen;
}

std::uint64_t sharded_cells::sum(std::size_t index) const noexcept {
    std::uint64_t total = 0;
    for (const auto& shard : shards_)
        if (const metric_cell* cells = shard.load(std::memory_order_acquire))
            total += cells[index].load(std::memory_order_relaxed);
    return total;
}

double sharded_cells::sum_doubles(std::size_t index) const noexcept {
    double total = 0;
    for (const auto& shard : shards_)
        if (const metric_cell* cells = shard.load(std::memory_order_acquire))
            total += std::bit_cast<double>(cells[index].load(std::memory_order_relaxed));
    return total;
}

} // namespace weir::detail
