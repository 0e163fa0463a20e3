// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/task.hpp>
#include <weir/security/session.hpp>
#include <weir/security/session_store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// How long sessions last and how large they may be. The defaults follow the OWASP Session Management Cheat Sheet.
struct session_options {
    /// A session ends when it isn't used for this time: never earlier, and at most `touch_every` later. At least 1 s;
    /// max(): only `max_age` ends it.
    duration idle = std::chrono::minutes(30);
    /// A session ends this long after it began or its user logged in, however much it is used; max(): no such limit.
    duration max_age = std::chrono::hours(24);
    /// How often the time of the last access is written to the store if nothing else changes; at most idle / 10.
    duration touch_every = std::chrono::minutes(1);
    std::size_t max_fields = 128;                     ///< per session
    std::size_t max_bytes = std::size_t(64) * 1024;   ///< of one session's field names and values
    const weir::clock* clock = &weir::system_clock(); ///< must outlive the keeper
};

/// What the client has to learn about its session's id.
struct session_token {
    enum class action : std::uint8_t {
        keep, ///< nothing
        send, ///< `id` is the session's id from now on
        drop, ///< the session has ended
    };

    action what = action::keep;
    bool written = false; ///< the session's time starts again
    std::string id{};
};

/// Opens sessions by the ids that clients send, and writes their changes to the store. An id is 256 random bits as 43
/// characters of base64url; the store gets its SHA-256. The layer `weir::sessions` uses one; use it directly for other
/// protocols. Process-wide and thread-safe; the store must outlive it.
class session_keeper {
public:
    /// Throws std::invalid_argument for an option out of range.
    explicit session_keeper(session_store& store, session_options options = {});

    /// Returns the session with this id, or a new one if the id is empty, malformed or unknown, or its session has
    /// ended. A new session never gets an id that a client chose. A malformed id isn't looked up.
    task<result<session>> open(std::string_view id) const;

    /// Writes the session's changes, and at most every `touch_every` that it was used; a new session without fields and
    /// user isn't stored. Changes of a session that another request has ended are dropped. After an error the changes
    /// aren't stored; a login or a rotation may then have ended the session. Returns what the client has to learn.
    task<result<session_token>> commit(session& s) const;

    session_store& store() const noexcept { return *store_; }
    const session_options& options() const noexcept { return options_; }

    /// The name under which the store keeps the session with this id.
    static std::string key_of(std::string_view id);

private:
    bool expired(const session_record& found, wall_time now) const noexcept;
    duration time_to_live(wall_time created, wall_time now) const noexcept;
    session_changes changes_of(const session& s, wall_time now) const;
    task<result<session_token>> create(session& s, bool afresh) const;
    task<result<session_token>> rename(session& s) const;
    task<result<session_token>> save(session& s) const;

    session_store* store_;
    session_options options_;
};

} // namespace weir
