// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir::config {

/// The candidate that a mistyped name most likely means; empty when none is near. A swap of two
/// neighbours, a missing, a foreign and a wrong letter each count one; a third of the letters may differ.
std::string_view nearest(std::string_view name, std::span<const std::string> candidates);

} // namespace weir::config
