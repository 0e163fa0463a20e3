// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The keys whose values a log hides: those that have a name's words, one after the other. Case and what separates
/// the name's words don't matter. A key whose last word tells of a secret rather than holds it (`token_count`) is
/// shown.
class redaction {
public:
    explicit redaction(const std::vector<std::string>& names);

    bool hides(std::string_view key) const noexcept;

private:
    bool hides_at(std::string_view key, std::size_t at) const noexcept;

    // Folded, without separators; by the last five bits of their first letter.
    std::array<std::vector<std::string>, 32> names_;
};

} // namespace weir::detail
