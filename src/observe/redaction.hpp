// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The keys whose values a log hides: a name, or anything that ends in `_` and a name. Case doesn't
/// matter and `-` equals `_`. Asked for each field of each line, so most keys are let through by their last two
/// letters.
class redaction {
public:
    explicit redaction(const std::vector<std::string>& names);

    bool hides(std::string_view key) const noexcept;

private:
    std::vector<std::string> names_;
    std::array<std::uint32_t, 32> endings_{}; // by the last letter, a bit for the one before it
};

} // namespace weir::detail
