// SPDX-License-Identifier: MIT
#pragma once

#include <weir/security/session.hpp>
#include <weir/security/session_store.hpp>

#include <string>
#include <utility>

namespace weir::security::detail {

/// The name of the field that holds a user's permissions.
inline constexpr std::string_view permissions_field = "weir.permissions";

/// The keeper's access to a session.
struct session_access {
    static void fill(session& s, std::string key, session_record&& found);

    static bool logged_in(const session& s) noexcept { return s.logged_in_; }
    static bool rotating(const session& s) noexcept { return s.rotating_; }
    static bool invalidated(const session& s) noexcept { return s.invalidated_; }
    /// The key of the session that was invalidated; empty if it was never stored.
    static const std::string& dropped(const session& s) noexcept { return s.dropped_; }
    static void forget_dropped(session& s) noexcept { s.dropped_.clear(); }

    /// Whether fields or the user differ from what the store keeps.
    static bool changed(const session& s) noexcept;
    /// Adds all fields, or those that differ from what the store keeps.
    static void add_fields(const session& s, bool all, session_changes& to);
    /// The session is stored with these times.
    static void stored(session& s, std::string key, wall_time created, wall_time accessed) noexcept;
    /// Drops the fields that this request didn't set.
    static void keep_own_fields(session& s);
};

} // namespace weir::security::detail
