// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/outbox.hpp>
#include <weir/orm/database.hpp>

#include <boost/describe.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::orm {

/// A row of the table `outbox_messages`. Read it through a repository to inspect messages that the queue refuses.
struct outbox_row {
    std::int64_t id{};
    std::string message_id{};
    std::string topic{};
    std::string message_key{};
    std::string content_type{};
    std::string headers{}; ///< a JSON array of `{"name","value"}`; empty: none
    std::string body{};
    bool in_hex{};        ///< the body isn't storable as a string and is stored in hexadecimal digits
    std::int64_t bytes{}; ///< of the whole message
    wall_time added_at{};
    wall_time deliver_at{}; ///< added_at and the message's delay
    wall_time free_at{};    ///< when it may be claimed: the end of a lease, or of the pause after a failure
    std::string holder{};   ///< of the last claim
    std::int64_t failures{};
    std::string last_failure{};
};
BOOST_DESCRIBE_STRUCT(outbox_row, (),
                      (id, message_id, topic, message_key, content_type, headers, body, in_hex, bytes, added_at,
                       deliver_at, free_at, holder, failures, last_failure))

struct outbox_store_options {
    std::size_t max_message_bytes = std::size_t{1} << 20U; ///< of one message; a larger one is errc::too_large
    /// Times leases and pauses; all processes that share the table must agree on it. Null: the database's clock.
    const weir::clock* time = nullptr;
};

/// An outbox in the service's own database: messages are added in the transaction that changes the rows they are about,
/// so they are published if and only if it commits. Works on SQLite, PostgreSQL, MariaDB from 10.6 and MySQL 8. Relays
/// share the table by FOR UPDATE SKIP LOCKED; on SQLite they take turns. Process-wide; outlives the transactions that
/// use it.
///
///     auto body = [&](weir::transaction& tx) -> weir::result<void> {
///         if (auto stored = tx.insert(row); !stored) return stored;
///         return outbox.add_json(tx, "user_events", user_registered{row.id});
///     };
class outbox_store final : public weir::outbox_store {
public:
    explicit outbox_store(database& db, outbox_store_options options = {});

    /// Creates or updates the table (auto_migrate). With versioned migrations use `auto_migrate<outbox_row>(tx)`'s
    /// plan.
    task<result<void>> prepare();

    /// Adds a message to a transaction of the same database. Without an id it gets a unique one. Errors:
    /// invalid_argument for names that a queue refuses or strings that aren't UTF-8, too_large, and those of an insert.
    /// The relay of this process is woken after the commit.
    result<void> add(transaction& tx, message one);
    /// The same for a value as JSON.
    template<class T>
    result<void> add_json(transaction& tx, std::string topic, const T& value) {
        return add(tx, json_message(std::move(topic), value));
    }

    task<result<std::vector<outbox_entry>>> claim(std::string_view holder, std::size_t most, std::size_t most_bytes,
                                                  duration lease) override;
    task<result<std::size_t>> extend(std::string_view holder, std::span<const std::int64_t> rows,
                                     duration lease) override;
    task<result<std::size_t>> settle(std::string_view holder, std::span<const outbox_outcome> outcomes) override;
    task<result<outbox_depth>> depth() override;

private:
    result<wall_time> now(session& s) const;
    result<wall_time> time_in(reader& r) const;
    result<std::vector<outbox_entry>> claim_in(session& s, const std::string& holder, std::size_t most,
                                               std::size_t most_bytes, duration lease) const;

    database* db_;
    const outbox_store_options options_;
};

} // namespace weir::orm

template<>
inline constexpr auto weir::schema<weir::orm::outbox_row> =
    weir::table("outbox_messages")
        .key(&weir::orm::outbox_row::id)
        .field(&weir::orm::outbox_row::message_id, weir::max_length(200))
        .field(&weir::orm::outbox_row::topic, weir::max_length(100))
        .field(&weir::orm::outbox_row::message_key, weir::max_length(200))
        .field(&weir::orm::outbox_row::content_type, weir::max_length(200))
        .field(&weir::orm::outbox_row::holder, weir::max_length(64))
        .field(&weir::orm::outbox_row::last_failure, weir::max_length(500))
        .index(&weir::orm::outbox_row::message_key, &weir::orm::outbox_row::id);
