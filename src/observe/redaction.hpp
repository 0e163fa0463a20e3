// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/log_field.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The keys whose values a log hides: a name, or anything that ends in `_` and a name. Case doesn't
/// matter and `-` equals `_`.
class redaction {
public:
    explicit redaction(const std::vector<std::string>& names);

    bool hides(std::string_view key) const noexcept;
    /// The endings of what it may hide; asked before, as it is a matter of two loads.
    const key_endings& endings() const noexcept { return endings_; }

private:
    std::vector<std::string> names_;
    key_endings endings_{};
};

} // namespace weir::detail
