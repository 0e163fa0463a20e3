// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/byte_scan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::http::detail {

/// Returns the first 8 bytes as a number, padded with zeros.
inline std::uint64_t text_key(std::string_view text) noexcept {
    std::uint64_t key = 0;
    std::memcpy(&key, text.data(), std::min<std::size_t>(text.size(), 8));
    return key;
}

/// A path whose slashes were found in one pass, up to the first 64 bytes, which cover nearly all paths.
class split_path {
public:
    explicit split_path(std::string_view path) noexcept : text_(path) {
        const auto near = std::min<std::size_t>(path.size(), near_size);
        for (std::size_t at = 0; at < near; at += 16) note_block(at);
        if (path.size() < near_size)
            slashes_ |= std::uint64_t{1} << path.size(); // the end also ends a segment
        else
            escaped_ |= path.find('%', near_size) != std::string_view::npos;
    }

    std::string_view text() const noexcept { return text_; }

    /// Whether the path contains a '%'.
    bool escaped() const noexcept { return escaped_; }

    /// Returns the end of the segment that starts at `at`: a slash or the path's end.
    std::size_t segment_end(std::size_t at) const noexcept {
        if (at < near_size) {
            const auto ahead = slashes_ >> at;
            if (ahead != 0) return at + static_cast<std::size_t>(std::countr_zero(ahead));
            at = near_size;
        }
        return std::min(text_.find('/', at), text_.size());
    }

    /// Returns text_key of a segment.
    std::uint64_t key(std::size_t at, std::size_t size) const noexcept {
        if (std::endian::native != std::endian::little || at > near_size - 8) return text_key(text_.substr(at, size));
        std::uint64_t bytes;
        std::memcpy(&bytes, near_.data() + at, 8);
        return bytes & first_bytes[std::min<std::size_t>(size, 8)];
    }

private:
    static constexpr std::size_t near_size = 64;
    static constexpr std::array<std::uint64_t, 9> first_bytes{
        0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, ~std::uint64_t{0}};

#ifdef WEIR_SCAN_SSE2
    void note_block(std::size_t at) noexcept {
        const auto block = load_block(text_.data() + at, text_.data() + text_.size());
        _mm_storeu_si128(reinterpret_cast<__m128i*>(near_.data() + at), block);
        slashes_ |= std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(equals(block, '/')))} << at;
        escaped_ |= _mm_movemask_epi8(equals(block, '%')) != 0;
    }
#else
    void note_block(std::size_t from) noexcept {
        for (std::size_t at = from; at < std::min(from + 16, text_.size()); ++at) {
            near_[at] = text_[at];
            slashes_ |= std::uint64_t{text_[at] == '/'} << at;
            escaped_ |= text_[at] == '%';
        }
    }
#endif

    std::string_view text_;
    std::uint64_t slashes_ = 0;
    bool escaped_ = false;
    std::array<char, near_size> near_{};
};

} // namespace weir::http::detail
