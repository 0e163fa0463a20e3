// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_options.hpp>
#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

/// The part of a cache that doesn't depend on the types of its keys and values.
namespace weir::detail {

struct cache_load;

enum class cache_segment : std::uint8_t { none, window, probation, protected_ };

enum class cache_state : std::uint8_t {
    miss,    // neither a value nor a failure, or both too old
    fresh,   // a value
    absent,  // a failure: an absence, or a failed load's error
    stale,   // a value to serve as it is
    expired, // a value to serve only if the load fails
    refresh, // a value to serve, and the caller is the one that loads a new one
};

// What a lookup or a load yields.
struct cache_found {
    cache_state state = cache_state::miss;
    bool loaded = false;
    std::shared_ptr<const void> value{};
    error failure{};
    time_point stored{};
    time_point dead_at{};

    // Whether it answers the caller without a load.
    bool is_answer() const noexcept {
        return state == cache_state::fresh || state == cache_state::absent || state == cache_state::stale;
    }
};

// A value that a load yields, with its times.
struct cache_loaded {
    std::shared_ptr<const void> value{}; // null: there is none
    std::size_t weight = 0;
    duration ttl{};
    duration refresh_for{}; // stale_while_revalidate
    duration stale_for{};   // stale_if_error
    duration age{};
    bool keep = true;
};

// An entry of the table. It holds a value, a failure, a load in progress, or a value and a load.
struct cache_node {
    cache_node(std::uint64_t hashed, std::size_t empty_weight) noexcept : hash(hashed), own_weight(empty_weight) {}
    cache_node(const cache_node&) = delete;
    cache_node& operator=(const cache_node&) = delete;
    virtual ~cache_node() = default;
    virtual bool has_key(const void* view) const = 0;
    virtual bool has_key_of(const cache_node& other) const = 0;

    const std::uint64_t hash;
    const std::size_t own_weight; // without the value's
    // guarded by the lock of the stripe
    cache_node* chained = nullptr;
    std::shared_ptr<const void> value{};
    error failure{};
    time_point stored{};
    time_point fresh_until{};
    time_point refresh_until{}; // while stale, one caller loads and the others get the value
    time_point retry_at{};      // no load before, since the last one failed
    time_point dead_at{};
    std::shared_ptr<cache_load> load{};
    bool listed = false; // by the policy, because it has a value or a failure
    // guarded by the lock of the policy
    cache_node* before = nullptr;
    cache_node* after = nullptr;
    std::size_t weight = 0;
    cache_segment segment = cache_segment::none;
};

// A hash with a random key, so that clients that choose keys can't choose collisions.
class cache_hash_seed {
public:
    cache_hash_seed();
    std::uint64_t of(std::string_view key) const noexcept;
    std::uint64_t of(std::uint64_t hashed) const noexcept;

private:
    std::uint64_t k0_;
    std::uint64_t k1_;
};

// Entries in stripes with a lock each, and a policy with a lock of its own that decides which entry leaves. Lookups
// take one stripe's lock. Values and keys are destroyed without a lock. Thread-safe.
class cache_core {
public:
    struct impl;

    explicit cache_core(cache_options options);
    ~cache_core();
    cache_core(const cache_core&) = delete;
    cache_core& operator=(const cache_core&) = delete;

    const cache_options& options() const noexcept;
    time_point now() const noexcept { return options().time->now(); }

    // Counts the lookup.
    cache_found find(std::uint64_t hash, const void* key, time_point now);
    void put(std::unique_ptr<cache_node> entry, const cache_loaded& value, time_point now);
    bool erase(std::uint64_t hash, const void* key);
    void clear();
    cache_stats stats() const;

private:
    friend class cache_ticket;
    std::unique_ptr<impl> impl_;
};

// A caller's part in the load of one entry. Entries without a value exist while tickets for them do.
class cache_ticket {
public:
    // Looks the key of `blank` up again and, unless that yields an answer, joins or begins its load.
    cache_ticket(cache_core& core, std::unique_ptr<cache_node> blank, time_point now);
    cache_ticket(cache_ticket&& other) noexcept;
    cache_ticket& operator=(cache_ticket&&) = delete;
    ~cache_ticket();

    const cache_found& found() const noexcept { return found_; }
    // Identifies the load.
    std::string_view id() const noexcept { return {reinterpret_cast<const char*>(&identity_), sizeof identity_}; }
    // Whether the load has ended; then `found` has its outcome, or the caller starts again.
    bool ended();

    // Ends the load. Stores the outcome unless the entry was erased meanwhile.
    cache_found finish(const cache_loaded& value, time_point now);
    cache_found fail(const error& failed, time_point now);
    // What a caller gets that leaves the load: the stale value if there is one, or the error.
    cache_found instead(const error& failed, time_point now) const;

private:
    cache_core::impl* core_;
    std::shared_ptr<cache_load> load_{};
    const cache_load* identity_ = nullptr;
    cache_found found_{};
};

} // namespace weir::detail
