// SPDX-License-Identifier: MIT
#pragma once

#include "core/byte_block.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// Maps a whole path to a number other than 0: one lookup for a path without parameters, regardless of its number of
/// segments. Filled during setup; any number of threads may look up at once.
class static_route_table {
public:
    void insert(std::string_view path, std::uint32_t number) {
        if (2 * (size_ + 1) > slots_.size()) grow();
        place({hash_of(path), static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(path.size()),
               number});
        texts_ += path;
        ++size_;
    }

    /// Returns 0 if there is no such path.
    std::uint32_t find(std::string_view path) const noexcept {
        if (slots_.empty()) return 0;
        const std::uint64_t hash = hash_of(path);
        const slot* const slots = slots_.data();
        for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
            const slot& here = slots[at];
            if (here.number == 0) return 0;
            if (here.hash == hash && here.size == path.size() && same_text(here, path)) return here.number;
        }
    }

private:
    struct slot {
        std::uint64_t hash = 0;
        std::uint32_t text = 0; // offset into texts_
        std::uint32_t size = 0;
        std::uint32_t number = 0; // 0 marks an empty slot
    };

    // The hash of fewer than 8 bytes has one reversible step, so hash and size together identify the text.
    bool same_text(const slot& one, std::string_view path) const noexcept {
        return path.size() < 8 || std::memcmp(texts_.data() + one.text, path.data(), path.size()) == 0;
    }

    // Hashes all bytes, since paths of one service share prefixes and suffixes.
    static std::uint64_t hash_of(std::string_view path) noexcept {
        std::uint64_t hash = path.size();
        const auto mix = [&hash](std::uint64_t word) {
            hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
            hash ^= hash >> 32;
        };
        const char* at = path.data();
        std::size_t rest = path.size();
        for (; rest >= 8; at += 8, rest -= 8) {
            std::uint64_t word;
            std::memcpy(&word, at, 8);
            mix(word);
        }
        mix(weir::detail::load_up_to_7(at, rest));
        return hash;
    }

    void place(const slot& one) noexcept {
        std::size_t at = one.hash & mask_;
        while (slots_[at].number != 0) at = (at + 1) & mask_;
        slots_[at] = one;
    }

    void grow() {
        std::vector<slot> before(slots_.empty() ? 8 : slots_.size() * 2);
        before.swap(slots_);
        mask_ = slots_.size() - 1;
        for (const slot& one : before)
            if (one.number != 0) place(one);
    }

    std::vector<slot> slots_; // at most half full; the size is a power of two
    std::size_t mask_ = 0;    // maps a hash to a slot
    std::string texts_;
    std::size_t size_ = 0;
};

} // namespace weir::http::detail
