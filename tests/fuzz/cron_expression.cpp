// SPDX-License-Identifier: MIT
// An accepted expression has a next time, which is later than asked and doesn't depend on where the search begins.
#include "fuzz/require.hpp"
#include <weir/core/cron_expression.hpp>

#include <cstdint>
#include <cstring>
#include <string_view>

using namespace std::chrono_literals;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::uint32_t minutes = 0; // about 8,000 years
    if (size < sizeof(minutes)) return 0;
    std::memcpy(&minutes, data, sizeof(minutes));
    const std::string_view text(reinterpret_cast<const char*>(data) + sizeof(minutes), size - sizeof(minutes));
    const auto parsed = weir::cron_expression::parse(text);
    if (!parsed) return 0;
    const weir::wall_time at{std::chrono::minutes(minutes)};
    const auto next = parsed->next_after(at);
    require(next > at);
    require(parsed->next_after(next - 1us) == next);
    require(parsed->next_after(at + (next - at) / 2) == next);
    return 0;
}
