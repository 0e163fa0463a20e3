// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The keys whose values a log hides: those that contain a name's words in sequence. Case and word separators don't
/// matter. A key whose final word describes a secret rather than containing it (`token_count`) is shown.
class redaction {
public:
    explicit redaction(const std::vector<std::string>& names);

    bool hides(std::string_view key) const noexcept;

private:
    bool hides_at(std::string_view key, std::size_t at) const noexcept;

    // Folded, without separators; grouped by the low five bits of their first letter.
    std::array<std::vector<std::string>, 32> names_;
};

} // namespace weir::detail
