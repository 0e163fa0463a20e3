// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::detail {

/// Estimates how often keys were used lately: a count-min sketch of four-bit counters, which are halved after ten uses
/// per entry (Einziger, Friedman and Manes 2017, section 3.4). A key's four counters share a cache line. Takes eight
/// bytes per entry. Not thread-safe.
class frequency_sketch {
public:
    static constexpr unsigned most = 15;

    /// Makes room for so many entries, which may forget all counts. Keeps its size if there is no memory.
    void reserve(std::size_t entries) noexcept;
    void add(std::uint64_t hash) noexcept;
    /// At most `most`.
    unsigned estimate(std::uint64_t hash) const noexcept;

private:
    void halve() noexcept;

    std::vector<std::uint64_t> words_{};
    std::size_t added_ = 0;
};

} // namespace weir::detail
