// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir::config {

/// Returns a variable's value, or nothing if it isn't set.
using find_variable = std::function<std::optional<std::string>(std::string_view name)>;

/// The expanded text, or a description of what is wrong with it.
struct expansion {
    std::string text{};
    std::string problem{};
};

/// Replaces `${NAME}` by the variable's value; `${NAME:-default}` uses the default if the variable isn't set or is
/// empty, as in the shell. `$${` is a literal `${`; any other dollar sign is literal. Values aren't expanded again.
expansion expand(std::string_view text, const find_variable& find);

} // namespace weir::config
