// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::http::detail {

/// Limits the bytes that all connections of a server hold for incomplete requests. Thread-safe.
class memory_budget {
public:
    class share;

    void set(std::size_t most) noexcept { most_ = most; }
    std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    /// Whether that many additional bytes would exceed the budget.
    bool exceeds(std::uint64_t more) const noexcept {
        const std::size_t used = used_.load(std::memory_order_relaxed);
        return used > most_ || more > most_ - used;
    }

private:
    std::atomic<std::size_t> used_{0};
    std::size_t most_ = std::numeric_limits<std::size_t>::max(); // set before the first connection
};

/// One connection's share of the budget, released on destruction.
class memory_budget::share {
public:
    explicit share(memory_budget* of) noexcept : of_(of) {}
    share(const share&) = delete;
    share& operator=(const share&) = delete;
    ~share() { hold(0); }

    /// Sets the number of bytes held. Free of cost if it doesn't change.
    void hold(std::size_t bytes) noexcept {
        if (bytes == held_ || !of_) return;
        of_->used_.fetch_add(bytes - held_, std::memory_order_relaxed); // unsigned wrap-around subtracts
        held_ = bytes;
    }
    bool exceeds(std::uint64_t more) const noexcept { return of_ && of_->exceeds(more); }

private:
    memory_budget* of_; // null: no budget
    std::size_t held_ = 0;
};

} // namespace weir::http::detail
