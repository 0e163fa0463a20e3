// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// A message's bytes as a server sends it, identical for all peers (RFC 6455 section 5.2): one unmasked frame.
using shared_frame = std::shared_ptr<const std::string>;

/// The largest size of a frame's head.
inline constexpr std::size_t max_frame_head = 10;

/// Appends a frame to `out`, allocating its memory first.
void append_frame(std::string_view payload, bool binary, std::string& out);

shared_frame frame_of(std::string_view payload, bool binary);

/// The memory of a queued frame; for short messages it is mostly overhead.
inline std::size_t cost_of(const std::string& frame) noexcept { return frame.size() + 64; }

} // namespace weir::http::detail
