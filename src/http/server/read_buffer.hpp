// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

namespace weir::http::detail {

struct unmap_buffer {
    void operator()(char* bytes) const noexcept;
};

/// The buffer that a connection reads into while requests arrive. It has its own pages, so that the memory of thousands
/// of connections that became idle returns to the system.
using read_buffer = std::unique_ptr<char[], unmap_buffer>;

inline constexpr std::size_t read_buffer_size = 16 * 1024;

/// Throws std::bad_alloc.
read_buffer map_buffer();

} // namespace weir::http::detail
