// SPDX-License-Identifier: MIT
#pragma once

#include "app/config_bind.hpp"
#include "app/config_node.hpp"
#include <weir/app/config.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// The process's environment, or the variables in the options.
std::map<std::string, std::string, std::less<>> environment_of(const config_options& options);

/// The variable of a setting: with `MINIAPP_`, `db.pool_size` is `MINIAPP_DB_POOL_SIZE`.
std::string variable_name(std::string_view prefix, std::string_view path);

/// A value for a setting, as text.
struct assignment {
    std::string path{};
    std::string text{};
    origin at{};
};

/// The values of flags and variables, except for those that choose the files.
struct overrides {
    bool help = false; ///< `--help` or `-h`
    std::string file{};
    std::string profile{};
    std::vector<assignment> variables{};
    std::vector<assignment> flags{};
    std::vector<std::string> warnings{}; ///< about variables that aren't settings
};

/// Reads both; an unknown name becomes a mistake, or a warning if it was set for a service.
overrides read_overrides(const config_options& options, const std::vector<leaf>& leaves,
                         const std::map<std::string, std::string, std::less<>>& environment,
                         std::vector<mistake>& mistakes);

/// The assignments as a tree; lists are split at commas and trimmed.
node tree_of(const std::vector<assignment>& assignments, const std::vector<leaf>& leaves);

} // namespace weir::config
