// SPDX-License-Identifier: MIT
#pragma once

#include <weir/app/config.hpp>

#include <string>
#include <vector>

namespace weir::config {

/// The settings as a table, preceded by the flags that choose the files; one string per line.
std::vector<std::string> help_lines(const target& of, const config_options& options);

} // namespace weir::config
