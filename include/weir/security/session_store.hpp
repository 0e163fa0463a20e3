// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// One field of a stored session: its name and its value as JSON.
struct session_field {
    std::string name{};
    std::string json{};

    bool operator==(const session_field&) const = default;
};

/// A session as a store keeps it.
struct session_record {
    std::vector<session_field> fields{};
    std::string user{}; ///< empty: anonymous
    wall_time created{};
    wall_time accessed{};
};

/// What one request changes about a stored session. The views are valid for the call that takes it.
struct session_changes {
    struct field {
        std::string_view name;
        std::string_view json;
    };

    std::vector<field> set{};
    std::vector<std::string_view> removed{};
    std::optional<std::string_view> user{}; ///< the session belongs to this user from now on
    std::optional<wall_time> created{};     ///< required by `create`
    wall_time accessed{};
    duration time_to_live{}; ///< the store forgets the session after this time without another change
};

/// One of a user's sessions, for a page that lists a user's devices.
struct session_info {
    std::string key{};
    wall_time created{};
    wall_time accessed{};

    bool operator==(const session_info&) const = default;
};

struct session_stats {
    std::size_t active = 0; ///< stored now; 0 if the store is another process
    std::size_t bytes = 0;  ///< used by them
    // over all time, by this process
    std::uint64_t created = 0;
    std::uint64_t loaded = 0;
    std::uint64_t missing = 0; ///< loads of a session that had ended or never existed
    std::uint64_t saved = 0;   ///< changed fields were written
    std::uint64_t touched = 0; ///< only the time of the last access was written
    std::uint64_t rotated = 0;
    std::uint64_t erased = 0;  ///< by a logout
    std::uint64_t expired = 0; ///< found to be past their time; 0 if another process forgets them
    std::uint64_t evicted = 0; ///< to make room for others
    std::uint64_t refused = 0; ///< not stored for lack of room
    std::uint64_t lost = 0;    ///< changes of a session that another request had ended
    std::uint64_t failed = 0;  ///< operations that the store couldn't do
};

namespace security::detail {

/// The counters behind session_stats, for implementations of session_store.
struct session_counts {
    using count = std::atomic<std::uint64_t>;

    count created{0}, loaded{0}, missing{0}, saved{0}, touched{0}, rotated{0}, erased{0}, expired{0}, evicted{0},
        refused{0}, lost{0}, failed{0};

    static void add(count& to, std::uint64_t n = 1) noexcept { to.fetch_add(n, std::memory_order_relaxed); }
    session_stats read() const noexcept;
};

} // namespace security::detail

/// Keeps sessions by key. A key is a hash of the session's id, which no store ever sees, so a copy of a store opens no
/// session. Each function but `rename` is atomic, and none brings back a session that has ended. Implementations are
/// process-wide and thread-safe; their errors are errc::unavailable or those of the context (cancelled,
/// deadline_exceeded) where a function lists none. Must outlive what uses it.
class session_store {
public:
    session_store() = default;
    session_store(const session_store&) = delete;
    session_store& operator=(const session_store&) = delete;
    virtual ~session_store() = default;

    /// errc::not_found if there is no such session.
    virtual task<result<session_record>> load(std::string_view key) = 0;
    /// Stores a new session. errc::already_exists if the key is taken; errc::unavailable with the code `sessions_full`
    /// if there is no room.
    virtual task<result<void>> create(std::string_view key, const session_changes& first) = 0;
    /// Writes changed fields and keeps all others. errc::not_found if the session has ended meanwhile; then nothing is
    /// written. errc::unavailable with the code `sessions_full` as for `create`.
    virtual task<result<void>> save(std::string_view key, const session_changes& changes) = 0;
    /// Moves a session to another key and changes it. Errors as for `save`; when it fails otherwise, the session may
    /// have ended.
    virtual task<result<void>> rename(std::string_view from, std::string_view to, const session_changes& changes) = 0;
    /// Ends a session; succeeds if there is none.
    virtual task<result<void>> erase(std::string_view key) = 0;

    /// Returns the user's sessions, the one accessed last first. Their number is limited by the store.
    virtual task<result<std::vector<session_info>>> sessions_of(std::string_view user) = 0;
    /// Ends all sessions of a user but this one, and returns their number; an empty key spares none.
    virtual task<result<std::size_t>> erase_others_of(std::string_view user, std::string_view key) = 0;
    /// Ends all sessions of a user, on every device, and returns their number.
    task<result<std::size_t>> erase_all_of(std::string_view user) { return erase_others_of(user, {}); }

    virtual session_stats stats() const { return counts_.read(); }

protected:
    security::detail::session_counts counts_; // NOLINT(misc-non-private-member-variables-in-classes)
};

} // namespace weir
