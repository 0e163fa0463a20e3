// SPDX-License-Identifier: MIT
// Ranges are within the file, don't overlap, and don't exceed the allowed number.
#include "http/field/range.hpp"

#include "fuzz/require.hpp"

#include <algorithm>

using namespace weir::http::detail;

namespace {

void check(std::string_view field, std::uint64_t size) {
    auto asked = parse_range(field, size);
    require(asked.ranges.empty() == (asked.verdict != range_verdict::partial) && asked.ranges.size() <= most_ranges);
    std::sort(asked.ranges.begin(), asked.ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::uint64_t behind = 0;
    for (const auto& one : asked.ranges) {
        require(one.size > 0 && one.first >= behind && one.end() > one.first && one.end() <= size);
        behind = one.end();
        const auto alone = "bytes=" + content_range(one, size).substr(6);
        const auto again = parse_range(alone.substr(0, alone.find('/')), size);
        require(again.ranges.size() == 1 && again.ranges.front() == one);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view field(reinterpret_cast<const char*>(data), size);
    for (const std::uint64_t whole : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}})
        check(field, whole);
    return 0;
}
