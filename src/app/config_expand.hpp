// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir::config {

/// A variable's value, or nothing when it isn't set.
using find_variable = std::function<std::optional<std::string>(std::string_view name)>;

/// What expanding gave: the text, or what is wrong with it.
struct expansion {
    std::string text{};
    std::string problem{};
};

/// Puts variables in the place of `${NAME}`; `${NAME:-default}` takes the default when the variable isn't
/// set or is empty, as the shell does. `$${` is a plain `${`; any other dollar stands for itself. What a
/// variable holds isn't expanded again.
expansion expand(std::string_view text, const find_variable& find);

} // namespace weir::config
