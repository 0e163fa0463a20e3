// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/mq/message.hpp>

#include <cstddef>
#include <string_view>

namespace weir::mq::detail {

/// Headers of this prefix belong to the engines.
inline constexpr std::string_view own_header_prefix = "x-weir-";

/// errc::invalid_argument unless the name has 1 to 100 letters, digits, `-`, `_` and `.`. `what` begins its message.
result<void> check_name(std::string_view what, std::string_view name);
/// Checks a topic and a group.
result<void> check_names(std::string_view topic, std::string_view group);
/// Checks all parts of a message but its id, which may be empty.
result<void> check_message(const message& one, std::size_t max_bytes);

/// errc::unavailable with the code `closed`.
error closed_queue();
/// errc::not_found with the code `unroutable`.
error unroutable(std::string_view topic);

/// Returns an id that no other call in any process returns. Thread-safe.
std::string unique_id();

} // namespace weir::mq::detail
