// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/detail/key_words.hpp>

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
    /// What it may hide; asked before, as it is a matter of a few loads.
    const key_filter& filter() const noexcept { return filter_; }

private:
    bool hides_at(std::string_view key, std::size_t at) const noexcept;

    std::vector<std::string> names_; // folded, without separators
    key_filter filter_;
};

} // namespace weir::detail
