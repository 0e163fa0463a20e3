// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace weir::http::detail {

/// Raises the soft limit of the process's descriptors to the hard one, and returns the resulting limit.
std::size_t raise_descriptor_limit() noexcept;

/// Keeps programs that this process starts from inheriting the descriptor.
void close_on_exec(int descriptor) noexcept;

/// A descriptor held in reserve for when no others are left. Not thread-safe.
class spare_descriptor {
public:
    spare_descriptor() noexcept { take(); }
    spare_descriptor(const spare_descriptor&) = delete;
    spare_descriptor& operator=(const spare_descriptor&) = delete;
    ~spare_descriptor() { give(); }

    /// Releases the descriptor to make room for another; false if there was none.
    bool give() noexcept;
    /// Acquires one again, if possible.
    void take() noexcept;

private:
    int held_ = -1;
};

} // namespace weir::http::detail
