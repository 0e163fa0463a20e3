// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// The bytes of a message as a server sends it, the same for every peer (RFC 6455 section 5.2): one frame, not masked.
using shared_frame = std::shared_ptr<const std::string>;

/// The most that stands before a payload.
inline constexpr std::size_t max_frame_head = 10;

/// Adds a frame to `out`, whose memory grows before anything is added.
void append_frame(std::string_view payload, bool binary, std::string& out);

shared_frame frame_of(std::string_view payload, bool binary);

/// The memory that a frame takes while it waits, which for short messages isn't mainly that of their bytes.
inline std::size_t cost_of(const std::string& frame) noexcept { return frame.size() + 64; }

} // namespace weir::http::detail
