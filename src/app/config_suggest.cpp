// SPDX-License-Identifier: MIT
#include "app/config_suggest.hpp"

#include <algorithm>
#include <vector>

namespace weir::config {

namespace {

char folded(char c) noexcept {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Optimal string alignment distance; case and `-` for `_` cost nothing.
std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> before(to.size() + 1);
    std::vector<std::size_t> above(to.size() + 1);
    std::vector<std::size_t> row(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const char a = folded(from[i - 1]);
            const char b = folded(to[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a == b ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && a == folded(to[j - 2]) && folded(from[i - 2]) == b;
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(above);
        above.swap(row);
    }
    return above[to.size()];
}

} // namespace

std::string_view nearest(std::string_view name, std::span<const std::string> candidates) {
    constexpr std::size_t longest = 128; // longer names aren't typos
    if (name.size() > longest) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        const std::size_t found = distance(name, candidate);
        if (found >= least) continue;
        least = found;
        best = candidate;
    }
    return best;
}

} // namespace weir::config
