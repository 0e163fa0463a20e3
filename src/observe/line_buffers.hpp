// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metric_cells.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace weir::detail {

/// Lines of many threads that wait for one reader, bounded in bytes. A producer appends to its thread's buffer, whose
/// lock it shares only with the reader. Lines of one thread keep their order. Thread-safe.
class line_buffers {
public:
    static constexpr unsigned slots = thread_slots;

    explicit line_buffers(std::size_t capacity) noexcept : capacity_(capacity) {}
    ~line_buffers();
    line_buffers(const line_buffers&) = delete;
    line_buffers& operator=(const line_buffers&) = delete;

    /// Appends a line and returns how many bytes were counted before; nothing if the line doesn't fit, or after
    /// `close`.
    std::optional<std::size_t> append(std::string_view line);
    /// Swaps a slot's lines with `into`, which must be empty, so that nothing is copied or allocated. Returns the
    /// number of lines. Their bytes stay counted until `release`.
    std::uint64_t take(unsigned slot, std::string& into);
    void release(std::size_t bytes) noexcept { counted_ -= bytes; }
    /// Accepts no further lines. Once all slots have been taken after this, there will never be more.
    void close() noexcept { closed_ = true; }

    /// The bytes of all lines that were appended and not released.
    std::size_t bytes() const noexcept { return counted_.load(); }
    std::size_t capacity() const noexcept { return capacity_; }
    /// The number of lines appended over all time.
    std::uint64_t accepted() const;

private:
    struct buffer {
        std::mutex mutex;
        std::string lines;
        std::uint64_t count = 0;
        std::uint64_t accepted = 0;
    };

    buffer& buffer_of(unsigned slot);

    const std::size_t capacity_;
    std::array<std::atomic<buffer*>, slots> buffers_{};
    std::atomic<std::size_t> counted_{0};
    std::atomic<bool> closed_{false};
};

} // namespace weir::detail
