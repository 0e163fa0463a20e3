// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_store.hpp>
#include <weir/resilience/circuit_breaker.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::detail {

struct second_level_stats {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t failures = 0;
    std::uint64_t skipped = 0;
    std::uint64_t written = 0;
    std::uint64_t outdated = 0;
};

struct second_level_options {
    std::string prefix{};
    duration ttl{};
    duration timeout{};
    const weir::clock* time = nullptr;
};

// What the store says of a key. Without an answer it was skipped or failed, and nothing is written to it.
struct second_level_entry {
    bool answered = false;
    cache_store_entry entry{};
};

// A cache_store behind a breaker and a timeout, and the erasures that it hasn't got yet. Thread-safe.
class second_level : public std::enable_shared_from_this<second_level> {
public:
    second_level(cache_store& store, second_level_options options);

    std::string name_of(std::string_view key) const { return options_.prefix + std::string(key); }

    task<second_level_entry> get(std::string_view name);
    // For the background, so it owns its arguments.
    static task<void> write(std::shared_ptr<second_level> self, std::string name, std::string bytes, duration ttl,
                            std::uint64_t lease);
    // Erases in the store the names that were noted, up to a number.
    task<result<void>> flush(std::size_t most = std::numeric_limits<std::size_t>::max());
    void note_erasure(std::string name);

    second_level_stats stats() const;
    std::size_t unsent() const;
    circuit_state state() const noexcept { return breaker_.state(); }

private:
    bool is_skipped(const std::string& name) const;
    std::optional<std::pair<std::string, std::uint64_t>> next_erasure() const;
    task<result<void>> erase(const std::string& name);

    cache_store& store_;
    const second_level_options options_;
    circuit_breaker breaker_;
    mutable std::mutex mutex_{};                      // guards the following
    std::map<std::string, std::uint64_t> erasures_{}; // with the number of the note
    std::uint64_t notes_ = 0;
    time_point skipped_until_{}; // erasures were dropped, so all values may be outdated
    second_level_stats stats_{};
};

} // namespace weir::detail
