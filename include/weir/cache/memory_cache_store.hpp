// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_store.hpp>

#include <cstddef>

namespace weir {

struct memory_cache_store_options {
    std::size_t size = 100'000;                ///< entries
    std::size_t bytes = 256 * 1024 * 1024;     ///< of keys and values
    const weir::clock* time = &system_clock(); ///< must outlive the store
};

/// A cache_store in this process's memory, for tests and for services of one instance. Thread-safe.
class memory_cache_store final : public cache_store {
public:
    explicit memory_cache_store(memory_cache_store_options options = {});
    memory_cache_store(const memory_cache_store&) = delete;
    memory_cache_store& operator=(const memory_cache_store&) = delete;
    ~memory_cache_store() override;

    task<result<cache_store_entry>> get(std::string_view key) override;
    task<result<bool>> set(std::string_view key, std::string_view value, duration ttl, std::uint64_t lease) override;
    task<result<void>> erase(std::string_view key) override;
    [[nodiscard]] std::shared_ptr<void> subscribe(std::string_view prefix, cache_feed to) override;

    /// Calls on_gap of all feeds, as a store does whose connection was replaced.
    void report_gap();

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace weir
