// SPDX-License-Identifier: MIT
#include "observe/redaction.hpp"

#include <algorithm>

namespace weir::detail {

namespace {

bool ends_in(std::string_view key, std::string_view name) noexcept {
    if (key.size() < name.size()) return false;
    const auto tail = key.substr(key.size() - name.size());
    const auto same = [](char a, char b) { return folded_key_char(a) == b; };
    if (!std::equal(tail.begin(), tail.end(), name.begin(), same)) return false;
    return key.size() == name.size() || folded_key_char(key[key.size() - name.size() - 1]) == '_';
}

} // namespace

redaction::redaction(const std::vector<std::string>& names) {
    for (std::string name : names) {
        if (name.empty()) continue;
        std::ranges::transform(name, name.begin(), folded_key_char);
        const key_ending ending(name);
        endings_[ending.last] |= name.size() < 2 ? ~0U : ending.before; // one letter may end any key
        names_.push_back(std::move(name));
    }
}

bool redaction::hides(std::string_view key) const noexcept {
    return std::ranges::any_of(names_, [key](const std::string& name) { return ends_in(key, name); });
}

} // namespace weir::detail
