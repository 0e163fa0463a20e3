// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/reflect/json.hpp>
#include <weir/reflect/schema.hpp>
#include <weir/security/principal.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

namespace security::detail {

struct session_access;

/// One field of a session in memory, and how it differs from what the store keeps.
struct session_entry {
    enum class difference : unsigned char { none, changed, removed };

    std::string name;
    std::string json;
    difference since_load = difference::none;
    bool stored = false; // the store has a field of this name
};

error unreadable_field(std::string_view name, error why);

} // namespace security::detail

/// What a service remembers about one client between requests: named values, each stored as JSON, and the user once the
/// client has logged in. A handler takes it as `weir::session&` where `weir::sessions` is a layer; changes are written
/// to the store after the handler. Requests that change one session at the same time merge by field, and the last
/// writer of a field wins. Belongs to one request; never copied.
///
///     auto items = s.get_or<cart>("cart");
///     ...
///     s.set("cart", items).value();
class session {
public:
    /// A new and empty session with limits on its number of fields and on the bytes of their names and values.
    explicit session(std::size_t max_fields = 128, std::size_t max_bytes = std::size_t(64) * 1024) noexcept
        : max_fields_(max_fields), max_bytes_(max_bytes) {}
    session(session&&) noexcept = default;
    session& operator=(session&&) noexcept = default;
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Returns a field's value. errc::not_found if the session has no such field, errc::internal if it isn't a T, as
    /// after an update of the service that changed the type.
    template<class T>
    result<T> get(std::string_view name) const {
        const auto* const json = find(name);
        if (!json) return errc::not_found;
        auto value = from_json<T>(*json);
        if (!value) return security::detail::unreadable_field(name, value.error());
        return value;
    }

    /// Returns a field's value, or `otherwise` if there is none that is a T.
    template<class T>
    T get_or(std::string_view name, T otherwise = {}) const {
        auto value = get<T>(name);
        return value ? std::move(*value) : std::move(otherwise);
    }

    /// Sets a field; nothing is written to the store if it already has this value. errc::too_large over a limit, which
    /// leaves the field as it was; errc::invalid_argument for an empty name, or one that begins with `weir.`.
    template<class T>
    result<void> set(std::string_view name, const T& value) {
        return set_json(name, to_json(value));
    }

    /// The same with a value that is JSON already.
    result<void> set_json(std::string_view name, std::string json);

    bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
    void erase(std::string_view name);
    /// Removes every field that the service set. The user stays logged in.
    void clear();
    /// The names of the fields in no particular order.
    std::vector<std::string> names() const;

    /// Returns the fields as a described struct, one member each; a member without a field keeps its initial value.
    /// errc::internal if a field doesn't have its member's type.
    template<class T>
    result<T> to() const;
    /// Sets a field for each member of a described struct, and erases those of empty optionals. Only members that
    /// differ are written to the store.
    template<class T>
    result<void> assign(const T& members);

    /// Logs a user in: the session gets a new id, so that an id that an attacker planted or saw before is worthless
    /// (session fixation), and its maximum age starts again. It keeps its fields, unless they are another user's.
    /// errc::invalid_argument for a subject that is empty or longer than 256 bytes.
    result<void> login(const principal& who);
    /// The user who logged in; empty for an anonymous session.
    const std::string& user() const noexcept { return user_; }
    /// Returns the user with the permissions given to `login`. errc::unauthenticated for an anonymous session.
    result<principal> identity() const;

    /// Replaces the session's id and keeps everything else; call it when permissions change. Requests that still run
    /// with the old id lose their changes.
    void rotate() noexcept { rotating_ = true; }
    /// Ends the session, as for a logout: its fields are gone, its id is worthless, and no request that runs at the
    /// same time brings it back. Fields set afterwards belong to a new session.
    void invalidate();

    /// Whether the store doesn't have this session yet.
    bool is_new() const noexcept { return key_.empty(); }
    /// The name under which the store keeps the session, for `session_store`; empty if it is new. A hash of the id,
    /// from which the id can't be found, so it may appear on the user's own pages.
    const std::string& key() const noexcept { return key_; }
    /// When the session began, or its user logged in; the epoch for a new session.
    wall_time created() const noexcept { return created_; }
    /// When the store last recorded an access.
    wall_time accessed() const noexcept { return accessed_; }
    /// The bytes of all fields' names and values.
    std::size_t bytes() const noexcept;

private:
    friend struct security::detail::session_access;

    using entry = security::detail::session_entry;

    const std::string* find(std::string_view name) const noexcept;
    entry* place(std::string_view name) noexcept;
    std::size_t size() const noexcept;
    result<void> put(std::string_view name, std::string json);
    template<class Which>
    void remove_if(Which which);

    std::vector<entry> entries_;
    std::string user_;
    std::string key_;     // empty: new
    std::string dropped_; // the key of an invalidated session
    wall_time created_{};
    wall_time accessed_{};
    std::size_t max_fields_;
    std::size_t max_bytes_;
    bool logged_in_ = false; // by this request
    bool rotating_ = false;
    bool invalidated_ = false;
};

template<class T>
result<T> session::to() const {
    T object{};
    error failed;
    reflect::for_each_field<T>([&](auto field) {
        using member = typename decltype(field)::value_type;
        const auto* const json = failed ? nullptr : find(field.name);
        if (!json) return;
        auto value = from_json<member>(*json);
        if (value)
            field.of(object) = std::move(*value);
        else
            failed = security::detail::unreadable_field(field.name, value.error());
    });
    if (failed) return failed;
    return object;
}

template<class T>
result<void> session::assign(const T& members) {
    error failed;
    reflect::for_each_field<T>([&](auto field) {
        if (failed) return;
        const auto& value = field.of(members);
        if constexpr (field.is_optional)
            if (!value) return erase(field.name);
        if (auto done = set(field.name, value); !done) failed = done.error();
    });
    if (failed) return failed;
    return ok();
}

} // namespace weir
