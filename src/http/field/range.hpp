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
    whole,         // 200 with everything: no Range, another unit, or a malformed one (RFC 9110 section 14.2)
    partial,       // 206
    unsatisfiable, // 416: nothing of it exists, too many ranges, or overlapping ones
};

struct range_request {
    range_verdict verdict = range_verdict::whole;
    std::vector<byte_range> ranges{}; // in the order of the request
};

/// The largest number of ranges in one request.
inline constexpr std::size_t most_ranges = 16;

/// Parses a Range field for a representation of `size` bytes (RFC 9110 section 14). Ranges are clipped at its end;
/// overlapping or very many ranges only serve attacks (RFC 9110 section 17.15).
range_request parse_range(std::string_view field, std::uint64_t size);

/// Content-Range of a 206: `bytes 0-99/1000`.
std::string content_range(byte_range range, std::uint64_t size);

/// Content-Range of a 416: `bytes */1000`.
std::string unsatisfied_range(std::uint64_t size);

} // namespace weir::http::detail
