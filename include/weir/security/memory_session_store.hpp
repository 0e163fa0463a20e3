// SPDX-License-Identifier: MIT
#pragma once

#include <weir/security/session_store.hpp>

#include <memory>

namespace weir {

struct memory_session_store_options {
    std::size_t max_sessions = 100'000;
    std::size_t max_bytes = std::size_t(256) << 20U; ///< of all sessions, keys and bookkeeping included
    /// Sessions of one user; a further login ends the one that wasn't used for longest.
    std::size_t max_per_user = 32;
    const weir::clock* clock = &weir::system_clock(); ///< must outlive the store
};

/// Sessions in this process's memory: for tests, and for a service with one instance whose users may have to log in
/// again after a restart. When it is full, anonymous sessions make room, the one that wasn't used for longest first; a
/// logged-in user's session never does, and with those alone a new session is refused. So clients without an account
/// can't end the sessions of users. Expired sessions are found when they are loaded, and a few with each change.
class memory_session_store final : public session_store {
public:
    /// Throws std::invalid_argument for a limit of 0.
    explicit memory_session_store(memory_session_store_options options = {});
    ~memory_session_store() override;

    task<result<session_record>> load(std::string_view key) override;
    task<result<void>> create(std::string_view key, const session_changes& first) override;
    task<result<void>> save(std::string_view key, const session_changes& changes) override;
    task<result<void>> rename(std::string_view from, std::string_view to, const session_changes& changes) override;
    task<result<void>> erase(std::string_view key) override;
    task<result<std::vector<session_info>>> sessions_of(std::string_view user) override;
    task<result<std::size_t>> erase_others_of(std::string_view user, std::string_view key) override;

    session_stats stats() const override;

private:
    class table;

    std::unique_ptr<table> table_;
};

} // namespace weir
