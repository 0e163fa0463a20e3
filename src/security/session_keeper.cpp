// SPDX-License-Identifier: MIT
#include "security/session_access.hpp"
#include <weir/security/crypto.hpp>
#include <weir/security/session_keeper.hpp>

#include <algorithm>
#include <stdexcept>

namespace weir {

namespace {

using security::detail::session_access;
using action = session_token::action;

constexpr std::size_t id_bits = 256;
constexpr std::size_t id_size = 43; // in base64url
// Stores needn't know infinity.
constexpr duration longest_life = std::chrono::hours(24 * 3650);

bool well_formed(std::string_view id) noexcept {
    const auto fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return id.size() == id_size && std::all_of(id.begin(), id.end(), fits);
}

void check(bool fits, const char* what) {
    if (!fits) throw std::invalid_argument(std::string("weir: session_options::") + what);
}

session_options checked(session_options options) {
    check(options.idle >= std::chrono::seconds(1), "idle: accepted 1 s or more");
    check(options.max_age >= std::chrono::seconds(1), "max_age: accepted 1 s or more");
    check(options.touch_every >= duration::zero(), "touch_every: accepted 0 or more");
    check(options.max_fields > 0, "max_fields: accepted 1 or more");
    check(options.max_bytes > 0, "max_bytes: accepted 1 or more");
    check(options.clock != nullptr, "clock: must not be null");
    options.touch_every = std::min(options.touch_every, options.idle / 10);
    return options;
}

} // namespace

session_keeper::session_keeper(session_store& store, session_options options)
    : store_(&store), options_(checked(options)) {}

std::string session_keeper::key_of(std::string_view id) {
    const auto digest = security::sha256(id);
    return security::base64url_encode(security::bytes_of(digest));
}

bool session_keeper::expired(const session_record& found, wall_time now) const noexcept {
    const duration unused = now - found.accessed;
    return now - found.created >= options_.max_age || unused >= detail::sum(options_.idle, options_.touch_every);
}

duration session_keeper::time_to_live(wall_time created, wall_time now) const noexcept {
    const duration idle = detail::sum(options_.idle, options_.touch_every);
    const duration age = std::max<duration>(now - created, duration::zero());
    const duration left = options_.max_age == duration::max() ? duration::max() : options_.max_age - age;
    return std::clamp<duration>(std::min(idle, left), std::chrono::milliseconds(1), longest_life);
}

task<result<session>> session_keeper::open(std::string_view id) const {
    session opened(options_.max_fields, options_.max_bytes);
    if (!well_formed(id)) co_return std::move(opened);
    std::string key = key_of(id);
    auto found = co_await store_->load(key);
    if (!found && found.error() == errc::not_found) co_return std::move(opened);
    if (!found) co_return found.error();
    if (expired(*found, options_.clock->wall_now())) {
        co_await store_->erase(key); // the store forgets it anyway
        co_return std::move(opened);
    }
    session_access::fill(opened, std::move(key), std::move(*found));
    co_return std::move(opened);
}

task<result<session_token>> session_keeper::commit(session& s) const {
    if (!session_access::dropped(s).empty()) {
        auto erased = co_await store_->erase(session_access::dropped(s));
        if (!erased) co_return erased.error();
        session_access::forget_dropped(s);
    }
    if (s.is_new()) co_return co_await create(s, false);
    if (session_access::rotating(s)) co_return co_await rename(s);
    co_return co_await save(s);
}

session_changes session_keeper::changes_of(const session& s, wall_time now) const {
    session_changes changes;
    changes.accessed = now;
    if (session_access::logged_in(s)) {
        changes.user = s.user();
        changes.created = now;
    }
    changes.time_to_live = time_to_live(changes.created.value_or(s.created()), now);
    session_access::add_fields(s, s.is_new(), changes);
    return changes;
}

task<result<session_token>> session_keeper::create(session& s, bool afresh) const {
    session_token token;
    if (afresh) session_access::keep_own_fields(s);
    const wall_time now = options_.clock->wall_now();
    session_changes first = changes_of(s, now);
    if (first.set.empty() && !first.user) {
        if (session_access::invalidated(s)) token.what = action::drop;
        co_return token;
    }
    first.removed.clear();
    first.created = now;
    first.time_to_live = time_to_live(now, now);
    token = {action::send, true, security::random_token(id_bits)};
    std::string key = key_of(token.id);
    auto created = co_await store_->create(key, first);
    if (!created) co_return created.error();
    session_access::stored(s, std::move(key), now, now);
    co_return token;
}

task<result<session_token>> session_keeper::rename(session& s) const {
    const wall_time now = options_.clock->wall_now();
    const session_changes changes = changes_of(s, now);
    session_token token{action::send, true, security::random_token(id_bits)};
    std::string key = key_of(token.id);
    auto renamed = co_await store_->rename(s.key(), key, changes);
    if (renamed) {
        session_access::stored(s, std::move(key), changes.created.value_or(s.created()), now);
        co_return token;
    }
    if (renamed.error() == errc::not_found && session_access::logged_in(s)) co_return co_await create(s, true);
    if (renamed.error() == errc::not_found) co_return session_token{};
    co_return renamed.error();
}

task<result<session_token>> session_keeper::save(session& s) const {
    const wall_time now = options_.clock->wall_now();
    const bool changed = session_access::changed(s);
    if (!changed && now - s.accessed() < options_.touch_every) co_return session_token{};
    const session_changes changes = changes_of(s, now);
    auto saved = co_await store_->save(s.key(), changes);
    // The session's time is worth no error; the store counts it.
    const bool harmless = saved || saved.error() == errc::not_found || !changed;
    if (!harmless) co_return saved.error();
    session_token token;
    if (saved) {
        std::string key = s.key();
        session_access::stored(s, std::move(key), s.created(), now);
        token.written = true;
    }
    co_return token;
}

} // namespace weir
