// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace weir::http::detail {

/// Raises the soft limit of the process's descriptors to the hard one, and returns how many it may have then.
std::size_t raise_descriptor_limit() noexcept;

/// Keeps a descriptor from programs that this process starts.
void close_on_exec(int descriptor) noexcept;

/// A descriptor that is kept for the moment when there is no other left. Not thread-safe.
class spare_descriptor {
public:
    spare_descriptor() noexcept { take(); }
    spare_descriptor(const spare_descriptor&) = delete;
    spare_descriptor& operator=(const spare_descriptor&) = delete;
    ~spare_descriptor() { give(); }

    /// Makes room for one other; false where there was none to give.
    bool give() noexcept;
    /// Takes one again, if it can be had.
    void take() noexcept;

private:
    int held_ = -1;
};

} // namespace weir::http::detail
