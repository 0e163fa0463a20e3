// SPDX-License-Identifier: MIT
#include <weir/http/middleware/request_id.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string_view>

namespace weir::http {

namespace {

constexpr std::string_view field_name = "x-request-id";

bool acceptable(std::string_view id) {
    const auto fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), fine);
}

// Unique rather than secret: a random start per thread, then a walk through all 64-bit numbers.
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

std::array<char, 16> hex(std::uint64_t number) {
    std::array<char, 16> digits;
    for (std::size_t i = digits.size(); i-- > 0; number >>= 4) digits[i] = "0123456789abcdef"[number & 15U];
    return digits;
}

} // namespace

middleware request_id(request_id_options options) {
    middleware layer;
    layer.before = [accept = options.accept](request& req) -> result<void> {
        const auto given = accept ? req.header(field_name) : std::string_view{};
        if (acceptable(given)) return req.context().set_request_id(given), ok();
        const auto made = hex(next_number());
        req.context().set_request_id({made.data(), made.size()});
        return ok();
    };
    layer.after = [](request& req, response& res) { res.headers.set(field_name, req.context().request_id()); };
    return layer;
}

} // namespace weir::http
