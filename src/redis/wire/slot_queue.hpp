// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/redis/detail/call.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::redis::detail {

/// A command that was written to a connection, or is about to be, and its missing replies.
struct slot {
    call* owner = nullptr; ///< null: its caller has left, and its replies are dropped
    std::uint32_t replies = 0;
    std::uint64_t begins = 0; ///< position of its first byte in everything that the connection sends
    std::size_t bytes = 0;
    duration patience{};
};

/// The commands of a connection that wait for replies, in the order in which a server answers them. A ring that grows.
class slot_queue {
public:
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    slot& front() noexcept { return ring_[first_ & mask()]; }
    slot& operator[](std::size_t i) noexcept { return ring_[(first_ + i) & mask()]; }

    /// Appends a slot and returns its ticket.
    std::uint64_t push(const slot& one) {
        if (size_ == ring_.size()) grow();
        ring_[(first_ + size_) & mask()] = one;
        return first_ + size_++;
    }
    void pop() noexcept {
        ++first_;
        --size_;
    }
    /// Takes the caller off a slot that is still in the queue; the slot itself stays until its replies have come.
    slot& abandon(std::uint64_t ticket) noexcept {
        slot& one = ring_[ticket & mask()];
        one.owner = nullptr;
        return one;
    }

private:
    std::size_t mask() const noexcept { return ring_.size() - 1; }

    void grow() {
        std::vector<slot> larger(ring_.empty() ? 64 : ring_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i) larger[(first_ + i) & (larger.size() - 1)] = (*this)[i];
        ring_.swap(larger);
    }

    std::vector<slot> ring_; // the size is 0 or a power of two
    std::uint64_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace weir::redis::detail
