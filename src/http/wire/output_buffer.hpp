// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/append.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace weir::http::detail {

/// Output bytes. Unlike a string, it doesn't zero memory that is about to be written, nor check its capacity for each
/// piece: it makes room for a whole response at once and keeps it for the next.
class output_buffer {
public:
    static constexpr std::size_t most_kept = 1024 * 1024;

    /// Extends the buffer by uninitialized bytes, all of which the caller must fill.
    char* extend(std::size_t by) {
        if (room_ - size_ < by) grow(by);
        return bytes_.get() + std::exchange(size_, size_ + by);
    }

    void append(std::string_view piece) { put(extend(piece.size()), piece); }

    std::string_view view() const noexcept { return {bytes_.get(), size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t room() const noexcept { return room_; }
    /// Keeps the memory, unless it is more than `most_kept`, so that one large response doesn't occupy it forever.
    void clear() noexcept {
        size_ = 0;
        if (room_ <= most_kept) return;
        bytes_.reset();
        room_ = 0;
    }

private:
    void grow(std::size_t by) {
        const std::size_t room = std::max({size_ + by, 2 * room_, std::size_t{4096}});
        std::unique_ptr<char[]> larger(new char[room]);
        put(larger.get(), view());
        bytes_ = std::move(larger);
        room_ = room;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

} // namespace weir::http::detail
