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

/// The process's variables, or those that the options give instead.
std::map<std::string, std::string, std::less<>> environment_of(const config_options& options);

/// The variable of a setting: `db.pool_size` behind `MINIAPP_` is `MINIAPP_DB_POOL_SIZE`.
std::string variable_name(std::string_view prefix, std::string_view path);

/// One text for one setting.
struct assignment {
    std::string path{};
    std::string text{};
    origin at{};
};

/// What flags and variables say, beside the two that choose the files.
struct overrides {
    bool help = false; ///< `--help` or `-h`
    std::string file{};
    std::string profile{};
    std::vector<assignment> variables{};
    std::vector<assignment> flags{};
    std::vector<std::string> warnings{}; ///< of variables that are no settings
};

/// Reads both; what names no setting becomes a mistake, or a warning where it came with a service.
overrides read_overrides(const config_options& options, const std::vector<leaf>& leaves,
                         const std::map<std::string, std::string, std::less<>>& environment,
                         std::vector<mistake>& mistakes);

/// The assignments as a tree; lists are split at commas, without the blanks around them.
node tree_of(const std::vector<assignment>& assignments, const std::vector<leaf>& leaves);

} // namespace weir::config
