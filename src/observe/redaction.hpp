// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The keys whose values a log hides: a name, or anything that ends in `_` and a name. Case doesn't
/// matter and `-` equals `_`. Asked for each field of each line, so most keys are let through by one bit.
class redaction {
public:
    explicit redaction(const std::vector<std::string>& names);

    bool hides(std::string_view key) const noexcept;

private:
    std::vector<std::string> names_;
    std::uint32_t last_letters_ = 0;
};

} // namespace weir::detail
