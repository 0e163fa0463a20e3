// SPDX-License-Identifier: MIT
#include "security/session_access.hpp"
#include <weir/security/session.hpp>

#include <algorithm>

namespace weir {

namespace {

using security::detail::permissions_field;
using security::detail::session_entry;
using difference = session_entry::difference;

constexpr std::size_t max_subject = 256;

bool reserved(std::string_view name) noexcept { return name.starts_with("weir."); }

error over_limit(const char* what, std::size_t most) {
    return {errc::too_large, "the session may have at most " + std::to_string(most) + " " + what};
}

bool is_gone(const session_entry& one) noexcept { return one.since_load == difference::removed; }

} // namespace

namespace security::detail {

error unreadable_field(std::string_view name, error why) {
    return error(errc::internal, "a session field has another type")
        .caused_by(error(errc::unknown, std::string(name)).caused_by(std::move(why)));
}

void session_access::fill(session& s, std::string key, session_record&& found) {
    s.entries_.reserve(found.fields.size());
    for (auto& [name, json] : found.fields)
        s.entries_.push_back({std::move(name), std::move(json), difference::none, true});
    s.user_ = std::move(found.user);
    s.key_ = std::move(key);
    s.created_ = found.created;
    s.accessed_ = found.accessed;
}

bool session_access::changed(const session& s) noexcept {
    const auto differs = [](const session_entry& one) { return one.since_load != difference::none; };
    return s.logged_in_ || std::any_of(s.entries_.begin(), s.entries_.end(), differs);
}

void session_access::add_fields(const session& s, bool all, session_changes& to) {
    for (const auto& one : s.entries_) {
        if (is_gone(one))
            to.removed.emplace_back(one.name);
        else if (all || one.since_load == difference::changed)
            to.set.push_back({one.name, one.json});
    }
}

void session_access::stored(session& s, std::string key, wall_time created, wall_time accessed) noexcept {
    std::erase_if(s.entries_, is_gone);
    for (auto& one : s.entries_) {
        one.since_load = difference::none;
        one.stored = true;
    }
    s.key_ = std::move(key);
    s.created_ = created;
    s.accessed_ = accessed;
    s.logged_in_ = s.rotating_ = s.invalidated_ = false;
}

void session_access::keep_own_fields(session& s) {
    std::erase_if(s.entries_, [](const session_entry& one) { return one.since_load != difference::changed; });
}

} // namespace security::detail

const std::string* session::find(std::string_view name) const noexcept {
    for (const auto& one : entries_)
        if (one.name == name) return is_gone(one) ? nullptr : &one.json;
    return nullptr;
}

session_entry* session::place(std::string_view name) noexcept {
    const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const entry& one) { return one.name == name; });
    return at == entries_.end() ? nullptr : &*at;
}

std::size_t session::bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto& one : entries_)
        if (!is_gone(one)) sum += one.name.size() + one.json.size();
    return sum;
}

std::size_t session::size() const noexcept {
    const auto gone = std::count_if(entries_.begin(), entries_.end(), is_gone);
    return entries_.size() - static_cast<std::size_t>(gone);
}

result<void> session::set_json(std::string_view name, std::string json) {
    if (name.empty() || reserved(name))
        return error(errc::invalid_argument, "a session field has a name, which doesn't begin with \"weir.\"");
    return put(name, std::move(json));
}

result<void> session::put(std::string_view name, std::string json) {
    const auto* const old = find(name);
    if (old && *old == json) return ok();
    const std::size_t freed = old ? name.size() + old->size() : 0;
    if (bytes() - freed + name.size() + json.size() > max_bytes_) return over_limit("bytes of fields", max_bytes_);
    if (!old && size() >= max_fields_) return over_limit("fields", max_fields_);
    if (auto* const one = place(name)) {
        one->json = std::move(json);
        one->since_load = difference::changed;
    } else {
        entries_.push_back({std::string(name), std::move(json), difference::changed, false});
    }
    return ok();
}

// A removed field stays as a mark if the store has it.
template<class Which>
void session::remove_if(Which which) {
    std::erase_if(entries_, [&](const entry& one) { return !one.stored && which(one); });
    for (auto& one : entries_) {
        if (!which(one)) continue;
        one.json.clear();
        one.since_load = difference::removed;
    }
}

void session::erase(std::string_view name) {
    remove_if([&](const entry& one) { return one.name == name && !reserved(name); });
}

void session::clear() {
    remove_if([](const entry& one) { return !reserved(one.name); });
}

std::vector<std::string> session::names() const {
    std::vector<std::string> all;
    for (const auto& one : entries_)
        if (!is_gone(one) && !reserved(one.name)) all.push_back(one.name);
    return all;
}

result<void> session::login(const principal& who) {
    if (who.subject.empty() || who.subject.size() > max_subject)
        return error(errc::invalid_argument, "a session's user has a subject of 1 to 256 bytes");
    std::string user = who.subject;
    if (!user_.empty() && user_ != user) invalidate(); // this user may not see the other one's fields
    if (auto kept = put(permissions_field, to_json(who.permissions)); !kept) return kept;
    place(permissions_field)->since_load = difference::changed; // part of the login even if they are the same
    user_ = std::move(user);
    logged_in_ = rotating_ = true;
    return ok();
}

result<principal> session::identity() const {
    if (user_.empty()) return errc::unauthenticated;
    auto permissions = get<std::vector<std::string>>(permissions_field);
    if (!permissions) return permissions.error();
    return principal{user_, std::move(*permissions)};
}

void session::invalidate() {
    if (!key_.empty()) dropped_ = std::move(key_);
    key_.clear();
    entries_.clear();
    user_.clear();
    created_ = accessed_ = {};
    logged_in_ = rotating_ = false;
    invalidated_ = true;
}

} // namespace weir
