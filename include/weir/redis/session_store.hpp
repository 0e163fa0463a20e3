// SPDX-License-Identifier: MIT
#pragma once

#include <weir/redis/client.hpp>
#include <weir/security/session_store.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::redis {

namespace detail {
struct session_scripts;
} // namespace detail

struct session_store_options {
    std::string prefix = "session:"; ///< of all keys; services that share a Redis need different ones
    /// Sessions of one user; a further login ends one that wasn't used for long.
    std::size_t max_per_user = 32;
};

/// Sessions in Redis 5 or later, for several instances and over restarts. A session is a hash at `<prefix><key>`, with
/// the fields `created`, `accessed` (microseconds since 1970), `user` and `field:<name>`, which expires with it. A
/// user's sessions are a sorted set at `<prefix>user:<user>`. Each script has one key, so a cluster works; a change of
/// a session that has ended writes nothing. Redis should refuse writes when it is full (`maxmemory-policy noeviction`),
/// or it ends sessions by itself. Process-wide and thread-safe; the client must outlive it.
class session_store final : public weir::session_store {
public:
    /// Throws std::invalid_argument if max_per_user is 0.
    explicit session_store(client& redis, session_store_options options = {});
    ~session_store() override;

    task<result<session_record>> load(std::string_view key) override;
    task<result<void>> create(std::string_view key, const session_changes& first) override;
    task<result<void>> save(std::string_view key, const session_changes& changes) override;
    /// Takes the session from the old key before it creates the new one, so a failure between the two ends it.
    task<result<void>> rename(std::string_view from, std::string_view to, const session_changes& changes) override;
    task<result<void>> erase(std::string_view key) override;
    task<result<std::vector<session_info>>> sessions_of(std::string_view user) override;
    task<result<std::size_t>> erase_others_of(std::string_view user, std::string_view key) override;

private:
    std::string at(std::string_view key) const { return options_.prefix + std::string(key); }
    std::string index_of(std::string_view user) const { return options_.prefix + "user:" + std::string(user); }
    error failed(error why);
    error lost();
    task<result<void>> move(std::string from, std::string to, const session_changes& changes);
    task<result<void>> add_to_index(std::string_view user, std::string_view key, duration time_to_live);

    client* redis_;
    session_store_options options_;
    std::unique_ptr<const detail::session_scripts> scripts_;
};

} // namespace weir::redis
