// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// A part of a representation; never empty.
struct byte_range {
    std::uint64_t first = 0;
    std::uint64_t size = 0;

    std::uint64_t end() const noexcept { return first + size; }
    bool operator==(const byte_range&) const = default;
};

enum class range_verdict : std::uint8_t {
    whole,         // 200 with all of it: no Range, another unit, or nonsense (RFC 9110 section 14.2)
    partial,       // 206
    unsatisfiable, // 416: nothing of it is there, too many ranges, or overlapping ones
};

struct range_request {
    range_verdict verdict = range_verdict::whole;
    std::vector<byte_range> ranges{}; // in the order they were asked for
};

/// How many ranges one request may ask for.
inline constexpr std::size_t most_ranges = 16;

/// What a Range field asks of a representation of that many bytes (RFC 9110 section 14). What lies behind its
/// end is cut off; ranges that overlap, and many small ones, only serve attacks (RFC 9110 section 17.15).
range_request parse_range(std::string_view field, std::uint64_t size);

/// Content-Range of a 206: `bytes 0-99/1000`.
std::string content_range(byte_range range, std::uint64_t size);

/// Content-Range of a 416: `bytes */1000`.
std::string unsatisfied_range(std::uint64_t size);

} // namespace weir::http::detail
