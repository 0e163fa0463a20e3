// SPDX-License-Identifier: MIT
#pragma once

#include <weir/security/memory_session_store.hpp>

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir {

/// The sessions of a memory_session_store behind one lock. Two lists, of anonymous sessions and of users', are in the
/// order of their last access. A change that runs out of memory leaves all sessions but evicted ones as they were.
class memory_session_store::table {
public:
    table(memory_session_store_options options, security::detail::session_counts& counts);

    result<session_record> load(std::string_view key);
    result<void> create(std::string_view key, const session_changes& first);
    result<void> save(std::string_view key, const session_changes& changes);
    result<void> rename(std::string_view from, std::string_view to, const session_changes& changes);
    void erase(std::string_view key);
    std::vector<session_info> sessions_of(std::string_view user);
    std::size_t erase_others_of(std::string_view user, std::string_view key);
    void add_to(session_stats& stats) const;

private:
    using counts = security::detail::session_counts;

    struct entry {
        std::string key{};
        session_record record{};
        time_point expires{};
        std::size_t bytes = 0;
    };
    using list = std::list<entry>; // outside of the table it holds one entry
    using place = list::iterator;

    time_point now() const noexcept { return options_.clock->now(); }
    list& list_of(const entry& one) noexcept { return one.record.user.empty() ? anonymous_ : users_; }

    std::optional<place> find(std::string_view key) noexcept;
    void apply(const session_changes& changes, entry& to) const;
    void touch(place at, const session_changes& changes) noexcept;
    result<void> change(place old, std::string_view key, const session_changes& changes);
    void add(list&& one);
    void replace(place old, list&& one);
    void drop(place at) noexcept;
    void leave_user(place at) noexcept;

    void drop_expired() noexcept;
    bool fits(std::size_t sessions, std::size_t bytes) const noexcept;
    result<void> make_room(std::size_t sessions, std::size_t bytes, const entry* spared);
    void limit_user(const entry& joining, const entry* spared);

    const memory_session_store_options options_;
    counts& counts_;
    mutable std::mutex mutex_;
    list anonymous_; // accessed last at the end, like users_
    list users_;
    std::unordered_map<std::string_view, place> by_key_; // the keys are the entries'
    std::unordered_map<std::string, std::vector<place>> by_user_;
    std::size_t bytes_ = 0;
};

} // namespace weir
