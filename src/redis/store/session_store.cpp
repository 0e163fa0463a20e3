// SPDX-License-Identifier: MIT
#include "redis/store/session_scripts.hpp"
#include <weir/redis/session_store.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

namespace weir::redis {

namespace {

using counts = security::detail::session_counts;
using hash = std::map<std::string, std::string>;

constexpr std::string_view field_prefix = "field:";
// Longer than a login in progress can take.
constexpr int ended_ms = 10'000;

std::int64_t ms_of(duration time) noexcept {
    return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

// The index outlives its sessions, which renew it after a tenth of their time.
std::int64_t index_ms(duration time_to_live) noexcept { return ms_of(time_to_live) + ms_of(time_to_live) / 4; }

std::string text_of(wall_time at) { return std::to_string(at.time_since_epoch().count()); }

std::optional<wall_time> read_time(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    wall_time::rep count = 0;
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, count);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return wall_time(wall_time::duration(count));
}

std::optional<wall_time> time_in(const hash& fields, const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::nullopt : read_time(found->second);
}

// Fields and values as a script takes them.
std::vector<std::string> arguments_of(const session_changes& changes) {
    std::vector<std::string> all;
    all.reserve(2 * changes.set.size() + 6);
    const auto add = [&](std::string name, std::string_view value) {
        all.push_back(std::move(name));
        all.emplace_back(value);
    };
    add("accessed", text_of(changes.accessed));
    if (changes.created) add("created", text_of(*changes.created));
    if (changes.user) add("user", *changes.user);
    for (const auto& one : changes.set) add(std::string(field_prefix).append(one.name), one.json);
    return all;
}

std::vector<std::string> removed_in(const session_changes& changes) {
    std::vector<std::string> all;
    for (const auto name : changes.removed) all.push_back(std::string(field_prefix).append(name));
    return all;
}

result<session_record> record_of(hash&& fields) {
    const auto created = time_in(fields, "created");
    if (!created) return errc::not_found; // none, or the mark of one that may not begin
    const auto accessed = time_in(fields, "accessed");
    if (!accessed) return error(errc::internal, "a key in Redis isn't a session, although its name is one's");
    session_record record;
    record.created = *created;
    record.accessed = *accessed;
    for (auto& [name, value] : fields) {
        if (name.starts_with(field_prefix))
            record.fields.push_back({name.substr(field_prefix.size()), std::move(value)});
        else if (name == "user")
            record.user = std::move(value);
    }
    return record;
}

// Applies changes to a session's hash.
void apply(const session_changes& changes, hash& to) {
    for (const auto& name : removed_in(changes)) to.erase(name);
    auto set = arguments_of(changes);
    for (std::size_t i = 0; i < set.size(); i += 2) to[std::move(set[i])] = std::move(set[i + 1]);
    to.erase("indexed");
}

// Adds a member of a user's index, unless its session has ended or doesn't exist yet.
void add_info(std::string_view user, const std::string& key, reply_view values, std::vector<session_info>& to) {
    std::vector<std::optional<std::string>> read;
    if (decode(values, read) || read.size() != 3 || !read[0] || *read[0] != user) return;
    const auto created = read_time(read[1]);
    const auto accessed = read_time(read[2]);
    if (created && accessed) to.push_back({key, *created, *accessed});
}

session_store_options checked(session_store_options options) {
    if (options.max_per_user == 0)
        throw std::invalid_argument("weir: redis::session_store_options::max_per_user = 0: accepted 1 or more");
    return options;
}

} // namespace

session_store::session_store(client& redis, session_store_options options)
    : redis_(&redis), options_(checked(std::move(options))),
      scripts_(std::make_unique<const detail::session_scripts>()) {}

session_store::~session_store() = default;

error session_store::failed(error why) {
    counts::add(counts_.failed);
    return why;
}

error session_store::lost() {
    counts::add(counts_.lost);
    return errc::not_found;
}

task<result<session_record>> session_store::load(std::string_view key) {
    const std::string place = at(key);
    auto fields = co_await redis_->command<hash>("HGETALL", place);
    if (!fields) co_return failed(fields.error());
    auto found = record_of(std::move(*fields));
    counts::add(found ? counts_.loaded : counts_.missing);
    co_return found;
}

task<result<void>> session_store::create(std::string_view key, const session_changes& first) {
    const std::string user(first.user.value_or(std::string_view()));
    if (!user.empty()) {
        auto indexed = co_await add_to_index(user, key, first.time_to_live);
        if (!indexed) co_return failed(indexed.error());
    }
    const std::string place = at(key);
    auto created =
        co_await scripts_->create.run<bool>(*redis_, keys(place), ms_of(first.time_to_live), arguments_of(first));
    if (!created) co_return failed(created.error());
    if (!*created) co_return errc::already_exists;
    counts::add(counts_.created);
    co_return ok();
}

task<result<void>> session_store::save(std::string_view key, const session_changes& changes) {
    const std::string place = at(key);
    const auto set = arguments_of(changes);
    auto saved = co_await scripts_->save.run<std::optional<std::string>>(
        *redis_, keys(place), ms_of(changes.time_to_live), set.size(), set, removed_in(changes));
    if (!saved) co_return failed(saved.error());
    if (!*saved) co_return lost();
    const bool touched = changes.set.empty() && changes.removed.empty() && !changes.user && !changes.created;
    counts::add(touched ? counts_.touched : counts_.saved);
    const std::string user = std::move(**saved);
    if (user.empty()) co_return ok();
    auto indexed = co_await add_to_index(user, key, changes.time_to_live);
    if (!indexed) co_return failed(indexed.error());
    co_return ok();
}

task<result<void>> session_store::rename(std::string_view from, std::string_view to, const session_changes& changes) {
    const std::string old_place = at(from);
    auto owner = co_await redis_->command<std::optional<std::string>>("HGET", old_place, "user");
    if (!owner) co_return failed(owner.error());
    const std::string before = owner->value_or("");
    const std::string user(changes.user.value_or(before));
    if (!user.empty()) { // first, so that a logout everywhere finds the new key
        auto indexed = co_await add_to_index(user, to, changes.time_to_live);
        if (!indexed) co_return failed(indexed.error());
    }
    auto moved = co_await move(old_place, at(to), changes);
    if (!moved) {
        if (!user.empty()) co_await redis_->command<bool>("ZREM", index_of(user), to);
        if (moved.error() == errc::not_found) co_return lost();
        co_return failed(moved.error());
    }
    if (!before.empty()) co_await redis_->command<bool>("ZREM", index_of(before), from);
    counts::add(counts_.rotated);
    co_return ok();
}

task<result<void>> session_store::move(std::string from, std::string to, const session_changes& changes) {
    auto fields = co_await scripts_->take.run<hash>(*redis_, keys(from));
    if (!fields) co_return fields.error();
    if (fields->empty()) co_return errc::not_found;
    apply(changes, *fields);
    auto created = co_await scripts_->create.run<bool>(*redis_, keys(to), ms_of(changes.time_to_live), *fields);
    if (!created) co_return created.error();
    if (!*created) co_return errc::not_found; // ended by a logout everywhere
    co_return ok();
}

task<result<void>> session_store::erase(std::string_view key) {
    const std::string place = at(key);
    auto user = co_await scripts_->erase.run<std::optional<std::string>>(*redis_, keys(place));
    if (!user) co_return failed(user.error());
    if (!*user) co_return ok();
    counts::add(counts_.erased);
    if (!(*user)->empty()) co_await redis_->command<bool>("ZREM", index_of(**user), key); // or it expires
    co_return ok();
}

// Ends sessions that no longer have a place; the index is right even if that fails.
task<result<void>> session_store::add_to_index(std::string_view user, std::string_view key, duration time_to_live) {
    const std::string index = index_of(user);
    auto left = co_await scripts_->index.run<std::vector<std::string>>(
        *redis_, keys(index), index_ms(time_to_live), options_.max_per_user, key);
    if (!left) co_return left.error();
    for (const auto& one : *left) {
        const std::string place = at(one);
        auto ended = co_await scripts_->end_of_user.run<bool>(*redis_, keys(place), user, 0);
        if (ended && *ended) counts::add(counts_.evicted);
    }
    co_return ok();
}

task<result<std::vector<session_info>>> session_store::sessions_of(std::string_view user) {
    std::vector<session_info> all;
    if (user.empty()) co_return std::move(all);
    const std::string index = index_of(user);
    auto members = co_await redis_->command<std::vector<std::string>>("ZRANGE", index, 0, -1);
    if (!members) co_return failed(members.error());
    if (members->empty()) co_return std::move(all);
    pipeline asked;
    for (const auto& one : *members) asked.add("HMGET", at(one), "user", "created", "accessed");
    auto replies = co_await redis_->run(std::move(asked));
    if (!replies) co_return failed(replies.error());
    for (std::size_t i = 0; i < members->size(); ++i) add_info(user, (*members)[i], (*replies)[i].view(), all);
    const auto later = [](const session_info& a, const session_info& b) { return a.accessed > b.accessed; };
    std::stable_sort(all.begin(), all.end(), later);
    co_return std::move(all);
}

task<result<std::size_t>> session_store::erase_others_of(std::string_view user, std::string_view key) {
    std::size_t ended = 0;
    if (user.empty()) co_return ended;
    const std::string index = index_of(user);
    auto members = co_await redis_->command<std::vector<std::string>>("ZRANGE", index, 0, -1);
    if (!members) co_return failed(members.error());
    for (const auto& one : *members) {
        if (one == key) continue;
        const std::string place = at(one);
        auto done = co_await scripts_->end_of_user.run<bool>(*redis_, keys(place), user, ended_ms);
        if (!done) co_return failed(done.error());
        ended += *done ? 1 : 0;
        auto removed = co_await redis_->command<bool>("ZREM", index, one);
        if (!removed) co_return failed(removed.error());
    }
    counts::add(counts_.erased, ended);
    co_return ended;
}

} // namespace weir::redis
