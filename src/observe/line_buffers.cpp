// SPDX-License-Identifier: MIT
#include "observe/line_buffers.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace weir::detail {

namespace {

constexpr std::size_t first_capacity = 64 * 1024; // untouched memory costs nothing

} // namespace

line_buffers::~line_buffers() {
    for (auto& one : buffers_) delete one.load();
}

std::optional<std::size_t> line_buffers::append(std::string_view line) {
    buffer& mine = buffer_of(thread_slot());
    const std::lock_guard lock(mine.mutex);
    if (closed_.load() || line.size() > capacity_ || counted_.load() > capacity_ - line.size()) return std::nullopt;
    mine.lines += line;
    ++mine.count;
    ++mine.accepted;
    return counted_.fetch_add(line.size());
}

std::uint64_t line_buffers::take(unsigned slot, std::string& into) {
    buffer* const from = buffers_[slot].load(std::memory_order_acquire);
    if (!from) return 0;
    const std::lock_guard lock(from->mutex);
    into.swap(from->lines);
    return std::exchange(from->count, 0);
}

std::uint64_t line_buffers::accepted() const {
    std::uint64_t all = 0;
    for (const auto& one : buffers_) {
        buffer* const from = one.load(std::memory_order_acquire);
        if (!from) continue;
        const std::lock_guard lock(from->mutex);
        all += from->accepted;
    }
    return all;
}

// Creates a slot's buffer at its first line. Threads of the shared slot may race here.
line_buffers::buffer& line_buffers::buffer_of(unsigned slot) {
    if (buffer* const known = buffers_[slot].load(std::memory_order_acquire)) return *known;
    auto made = std::make_unique<buffer>();
    made->lines.reserve(std::min(capacity_, first_capacity));
    buffer* seen = nullptr;
    if (!buffers_[slot].compare_exchange_strong(seen, made.get(), std::memory_order_acq_rel)) return *seen;
    return *made.release();
}

} // namespace weir::detail
