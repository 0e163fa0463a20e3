// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/redis/command.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::redis::detail {

constexpr std::uint16_t slot_count = 16'384;

/// The slot of a key in a cluster: CRC16 (XMODEM) of the key, or of the part between its first braces.
std::uint16_t slot_of(std::string_view key) noexcept;

/// The keys of a command: all of a command that takes several, else the first one. None for a command that any node
/// can run, such as PING.
std::vector<std::string_view> keys_of(const command& one);

/// The first key, or an empty string.
std::string_view first_key(const command& one);

} // namespace weir::redis::detail
