// SPDX-License-Identifier: MIT
#include "http/field/byte_scan.hpp"
#include "http/message/header_access.hpp"
#include "http/message/request_access.hpp"
#include "http/wire/head_parser.hpp"
#include <weir/http/middleware/request_id.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

namespace weir::http {

namespace {

constexpr std::string_view header_name = "x-request-id";

bool acceptable(std::string_view id) {
    const char* const end = id.data() + id.size();
    return !id.empty() && id.size() <= 64 && detail::skip_id(id.data(), end) == end;
}

// Unique rather than secret: a random start per thread, then a sequence through all 64-bit numbers.
std::uint64_t next_number() {
    static thread_local std::uint64_t number = [] {
        std::random_device source;
        return (std::uint64_t{source()} << 32) | source();
    }();
    number += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = number;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

#ifdef WEIR_SCAN_SSE2

std::array<char, 16> hex(std::uint64_t number) {
    const __m128i bytes = _mm_cvtsi64_si128(static_cast<long long>(__builtin_bswap64(number)));
    const __m128i halves = _mm_unpacklo_epi8(_mm_srli_epi64(bytes, 4), bytes); // high, low, high, low, ...
    const __m128i values = _mm_and_si128(halves, _mm_set1_epi8(0x0f));
    const __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(values, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
    std::array<char, 16> digits;
    weir::detail::store_16(digits.data(), _mm_add_epi8(_mm_add_epi8(values, _mm_set1_epi8('0')), letters));
    return digits;
}

#else

// Returns eight hexadecimal digits as the bytes of a number, the first digit in the highest byte.
std::uint64_t hex_digits(std::uint64_t eight) {
    eight = (eight << 16 | eight) & 0x0000ffff0000ffffU;
    eight = (eight << 8 | eight) & 0x00ff00ff00ff00ffU;
    eight = (eight << 4 | eight) & 0x0f0f0f0f0f0f0f0fU;
    const std::uint64_t letters = (eight + 0x0606060606060606U) >> 4 & 0x0101010101010101U;
    return eight + 0x3030303030303030U + letters * ('a' - '0' - 10);
}

// Stores the highest byte first.
void put_bytes(std::uint64_t bytes, char* to) {
    if constexpr (std::endian::native == std::endian::little) bytes = __builtin_bswap64(bytes);
    std::memcpy(to, &bytes, sizeof bytes);
}

std::array<char, 16> hex(std::uint64_t number) {
    std::array<char, 16> digits;
    put_bytes(hex_digits(number >> 32), digits.data());
    put_bytes(hex_digits(number & 0xffffffffU), digits.data() + 8);
    return digits;
}

#endif

} // namespace

middleware request_id(request_id_options options) {
    middleware layer;
    const auto choose = [accept = options.accept](request& req) -> result<void> {
        const auto given = accept ? detail::request_access::field(req, known_field::x_request_id) : std::string_view{};
        if (acceptable(given)) {
            req.context().set_request_id(given);
            return ok();
        }
        const auto made = hex(next_number());
        req.context().set_request_id({made.data(), made.size()});
        return ok();
    };
    const auto add_id = [](request& req, response& res) {
        detail::header_access::set(res.headers, header_name, req.context().request_id());
    };
    layer.before = choose;
    layer.by_head = true;
    layer.after = add_id;
    layer.after_refusal = [choose, add_id](request& req, response& res) {
        if (req.context().request_id().empty()) choose(req).value();
        add_id(req, res);
    };
    return layer;
}

} // namespace weir::http
