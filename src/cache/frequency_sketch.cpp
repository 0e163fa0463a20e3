// SPDX-License-Identifier: MIT
#include "cache/frequency_sketch.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace weir::detail {

namespace {

constexpr unsigned rows = 4;
constexpr std::size_t line = 8; // words of a cache line

struct counter_place {
    std::size_t word;
    unsigned shift;
};

// The place of a key's counter of that row: two words of the key's cache line belong to each row.
inline counter_place place_of(std::uint64_t spread, unsigned row, std::size_t words) noexcept {
    const std::size_t block = (spread & (words / line - 1)) * line;
    const auto bits = static_cast<unsigned>(spread >> (32 + 8 * row));
    return {block + 2 * row + (bits & 1), (bits >> 1 & 15) * 4};
}

// Other bits than the table's buckets use.
std::uint64_t spread(std::uint64_t hash) noexcept {
    hash *= 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

} // namespace

void frequency_sketch::reserve(std::size_t entries) noexcept {
    if (entries <= words_.size()) return;
    try {
        words_.assign(std::max(8 * line, std::bit_ceil(entries)), 0);
        added_ = 0;
    } catch (const std::bad_alloc&) {
        return;
    }
}

void frequency_sketch::add(std::uint64_t hash) noexcept {
    if (words_.empty()) return;
    hash = spread(hash);
    bool grew = false;
    for (unsigned row = 0; row < rows; ++row) {
        const counter_place at = place_of(hash, row, words_.size());
        if ((words_[at.word] >> at.shift & most) == most) continue;
        words_[at.word] += std::uint64_t(1) << at.shift;
        grew = true;
    }
    if (grew && ++added_ >= 10 * words_.size()) halve();
}

unsigned frequency_sketch::estimate(std::uint64_t hash) const noexcept {
    if (words_.empty()) return 0;
    hash = spread(hash);
    unsigned least = most;
    for (unsigned row = 0; row < rows; ++row) {
        const counter_place at = place_of(hash, row, words_.size());
        least = std::min(least, static_cast<unsigned>(words_[at.word] >> at.shift & most));
    }
    return least;
}

void frequency_sketch::halve() noexcept {
    for (std::uint64_t& word : words_) word = word >> 1 & 0x7777777777777777;
    added_ /= 2;
}

} // namespace weir::detail
