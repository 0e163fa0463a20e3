// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir::config {

/// Returns the candidate that a mistyped name most likely means; empty if none is similar. Swapped neighbours and
/// missing, extra or wrong characters cost one each; up to a third of the characters may differ.
std::string_view nearest(std::string_view name, std::span<const std::string> candidates);

} // namespace weir::config
