// SPDX-License-Identifier: MIT
#include "security/session_table.hpp"

#include <algorithm>
#include <array>

namespace weir {

namespace {

// The nodes of the list, of the index by key and of a vector of places, roughly.
constexpr std::size_t bookkeeping = 160;

std::size_t size_of(const session_record& record) noexcept {
    std::size_t sum = 2 * record.user.size(); // once in the index
    for (const auto& field : record.fields) sum += sizeof(session_field) + field.name.size() + field.json.size();
    return sum;
}

bool only_touches(const session_changes& changes) noexcept {
    return changes.set.empty() && changes.removed.empty() && !changes.user && !changes.created;
}

void set_field(std::vector<session_field>& fields, const session_changes::field& one) {
    const auto same = [&](const session_field& field) { return field.name == one.name; };
    const auto known = std::find_if(fields.begin(), fields.end(), same);
    if (known != fields.end())
        known->json = one.json;
    else
        fields.push_back({std::string(one.name), std::string(one.json)});
}

error sessions_full() {
    return error(errc::unavailable, "there is no room for another session, try again later")
        .with_code("sessions_full")
        .with_retry_after(60);
}

} // namespace

memory_session_store::table::table(memory_session_store_options options, security::detail::session_counts& counts)
    : options_(options), counts_(counts) {}

std::optional<memory_session_store::table::place> memory_session_store::table::find(std::string_view key) noexcept {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return std::nullopt;
    const place at = known->second;
    if (at->expires > now()) return at;
    counts::add(counts_.expired);
    drop(at);
    return std::nullopt;
}

result<session_record> memory_session_store::table::load(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = find(key);
    counts::add(found ? counts_.loaded : counts_.missing);
    if (!found) return errc::not_found;
    return (*found)->record;
}

void memory_session_store::table::apply(const session_changes& changes, entry& to) const {
    auto& record = to.record;
    for (const auto name : changes.removed)
        std::erase_if(record.fields, [&](const session_field& field) { return field.name == name; });
    for (const auto& field : changes.set) set_field(record.fields, field);
    if (changes.user) record.user = *changes.user;
    if (changes.created) record.created = *changes.created;
    record.accessed = changes.accessed;
    to.expires = weir::detail::later(now(), changes.time_to_live);
    to.bytes = sizeof(entry) + bookkeeping + to.key.size() + size_of(record);
}

result<void> memory_session_store::table::create(std::string_view key, const session_changes& first) {
    list made(1);
    made.front().key = key;
    apply(first, made.front());
    const std::lock_guard lock(mutex_);
    drop_expired();
    if (find(key)) return errc::already_exists;
    limit_user(made.front(), nullptr);
    if (auto room = make_room(1, made.front().bytes, nullptr); !room) return room;
    add(std::move(made));
    counts::add(counts_.created);
    return ok();
}

result<void> memory_session_store::table::save(std::string_view key, const session_changes& changes) {
    const std::lock_guard lock(mutex_);
    drop_expired();
    const auto found = find(key);
    if (!found) {
        counts::add(counts_.lost);
        return errc::not_found;
    }
    if (only_touches(changes)) {
        touch(*found, changes);
        return ok();
    }
    if (auto changed = change(*found, key, changes); !changed) return changed;
    counts::add(counts_.saved);
    return ok();
}

result<void> memory_session_store::table::rename(std::string_view from, std::string_view to,
                                                 const session_changes& changes) {
    const std::lock_guard lock(mutex_);
    drop_expired();
    const auto found = find(from);
    if (!found) {
        counts::add(counts_.lost);
        return errc::not_found;
    }
    if (find(to)) return errc::already_exists;
    if (auto changed = change(*found, to, changes); !changed) return changed;
    counts::add(counts_.rotated);
    return ok();
}

void memory_session_store::table::touch(place at, const session_changes& changes) noexcept {
    at->record.accessed = changes.accessed;
    at->expires = weir::detail::later(now(), changes.time_to_live);
    list& mine = list_of(*at);
    mine.splice(mine.end(), mine, at);
    counts::add(counts_.touched);
}

// Changes a copy and puts it in the entry's place.
result<void> memory_session_store::table::change(place old, std::string_view key, const session_changes& changes) {
    list made(1, *old);
    made.front().key = key;
    apply(changes, made.front());
    limit_user(made.front(), &*old);
    const std::size_t more = made.front().bytes - std::min(made.front().bytes, old->bytes);
    if (auto room = make_room(0, more, &*old); !room) return room;
    replace(old, std::move(made));
    return ok();
}

void memory_session_store::table::add(list&& one) {
    const place at = one.begin();
    if (!at->record.user.empty()) {
        auto& mine = by_user_[at->record.user];
        mine.reserve(mine.size() + 1);
    }
    by_key_.emplace(at->key, at);
    if (!at->record.user.empty()) by_user_.find(at->record.user)->second.push_back(at);
    bytes_ += at->bytes;
    list& mine = list_of(*at);
    mine.splice(mine.end(), one);
}

// Adds the new entry first, which may fail; with the same key its place in the index is taken over.
void memory_session_store::table::replace(place old, list&& one) {
    const place at = one.begin();
    if (old->key != at->key) {
        add(std::move(one));
        drop(old);
        return;
    }
    if (!at->record.user.empty()) {
        auto& mine = by_user_[at->record.user];
        mine.push_back(at);
    }
    auto node = by_key_.extract(old->key);
    node.key() = at->key;
    node.mapped() = at;
    by_key_.insert(std::move(node)); // as many as before: allocates nothing
    bytes_ += at->bytes - old->bytes;
    leave_user(old);
    list_of(*old).erase(old);
    list& mine = list_of(*at);
    mine.splice(mine.end(), one);
}

void memory_session_store::table::drop(place at) noexcept {
    by_key_.erase(at->key);
    leave_user(at);
    bytes_ -= at->bytes;
    list_of(*at).erase(at);
}

void memory_session_store::table::leave_user(place at) noexcept {
    if (at->record.user.empty()) return;
    const auto user = by_user_.find(at->record.user);
    std::erase(user->second, at);
    if (user->second.empty()) by_user_.erase(user);
}

void memory_session_store::table::erase(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = find(key);
    if (!found) return;
    drop(*found);
    counts::add(counts_.erased);
}

std::vector<session_info> memory_session_store::table::sessions_of(std::string_view user) {
    std::vector<session_info> all;
    const std::lock_guard lock(mutex_);
    const auto known = by_user_.find(std::string(user));
    if (known == by_user_.end()) return all;
    for (const place at : known->second)
        if (at->expires > now()) all.push_back({at->key, at->record.created, at->record.accessed});
    const auto later = [](const session_info& a, const session_info& b) { return a.accessed > b.accessed; };
    std::stable_sort(all.begin(), all.end(), later);
    return all;
}

std::size_t memory_session_store::table::erase_others_of(std::string_view user, std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto known = by_user_.find(std::string(user));
    if (known == by_user_.end()) return 0;
    const std::vector<place> all = known->second;
    std::size_t ended = 0;
    for (const place at : all) {
        if (at->key == key) continue;
        if (at->expires > now()) ++ended;
        drop(at);
    }
    counts::add(counts_.erased, ended);
    return ended;
}

void memory_session_store::table::drop_expired() noexcept {
    for (list* const one : {&anonymous_, &users_}) {
        for (int i = 0; i < 2 && !one->empty() && one->front().expires <= now(); ++i) {
            drop(one->begin());
            counts::add(counts_.expired);
        }
    }
}

bool memory_session_store::table::fits(std::size_t sessions, std::size_t bytes) const noexcept {
    return by_key_.size() + sessions <= options_.max_sessions && bytes_ + bytes <= options_.max_bytes;
}

// Evicts anonymous sessions, the one that wasn't used for longest first.
result<void> memory_session_store::table::make_room(std::size_t sessions, std::size_t bytes, const entry* spared) {
    if (fits(sessions, bytes)) return ok();
    place at = anonymous_.begin();
    while (bytes <= options_.max_bytes && at != anonymous_.end() && !fits(sessions, bytes)) {
        const place next = std::next(at);
        if (&*at != spared) {
            drop(at);
            counts::add(counts_.evicted);
        }
        at = next;
    }
    if (fits(sessions, bytes)) return ok();
    counts::add(counts_.refused);
    return sessions_full();
}

// Drops a user's sessions that weren't used for longest until another one may join.
void memory_session_store::table::limit_user(const entry& joining, const entry* spared) {
    if (joining.record.user.empty() || (spared && spared->record.user == joining.record.user)) return;
    const auto known = by_user_.find(joining.record.user);
    if (known == by_user_.end()) return;
    std::size_t most = known->second.size();
    while (most-- >= options_.max_per_user) {
        const auto earlier = [](place a, place b) { return a->record.accessed < b->record.accessed; };
        drop(*std::min_element(known->second.begin(), known->second.end(), earlier));
        counts::add(counts_.evicted);
    }
}

void memory_session_store::table::add_to(session_stats& stats) const {
    const std::lock_guard lock(mutex_);
    stats.active = by_key_.size();
    stats.bytes = bytes_;
}

} // namespace weir
