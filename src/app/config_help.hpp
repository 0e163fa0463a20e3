// SPDX-License-Identifier: MIT
#pragma once

#include <weir/app/config.hpp>

#include <string>
#include <vector>

namespace weir::config {

/// The settings as a table, with what chooses the files in front of it: one string a line.
std::vector<std::string> help_lines(const target& of, const config_options& options);

} // namespace weir::config
