// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/database.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::orm {

/// A row of the table `processed_messages`.
struct processed_message {
    std::int64_t id{};
    std::string consumer{};
    std::string message_id{};
    wall_time processed_at{};
};
BOOST_DESCRIBE_STRUCT(processed_message, (), (id, consumer, message_id, processed_at))

struct processed_messages_options {
    std::string consumer = "default";           ///< each consumer processes each message once
    duration keep = std::chrono::hours(24 * 7); ///< longer than any message may wait in an outbox, a queue or among its
                                                ///< dead letters
    const weir::clock* time = &system_clock();
};

/// Remembers which messages a consumer has processed, in the transaction that stores their effect, so that a message
/// delivered several times takes effect once. Process-wide; instances with the same database and consumer share their
/// memory.
///
///     auto body = [&](weir::transaction& tx) -> weir::result<void> {
///         const auto first = points_given.first_time(tx, delivered->id);
///         if (!first) return first.error();
///         return *first ? add_points(tx, event.user_id) : weir::ok();
///     };
class processed_messages {
public:
    explicit processed_messages(database& db, processed_messages_options options = {});

    /// Creates or updates the table (auto_migrate).
    task<result<void>> prepare();

    /// Notes the id in the transaction and returns true; false if a committed transaction has noted it. Waits for a
    /// concurrent transaction that notes the same id.
    result<bool> first_time(transaction& tx, std::string_view id) const;

    /// Whether a committed transaction has noted the id.
    result<bool> seen(reader& r, std::string_view id) const;

    /// Deletes the ids of all consumers noted longer than `keep` ago; returns how many. For a periodic job.
    task<result<std::size_t>> forget_old() const;

private:
    database* db_;
    const processed_messages_options options_;
};

} // namespace weir::orm

template<>
inline constexpr auto weir::schema<weir::orm::processed_message> =
    weir::table("processed_messages")
        .key(&weir::orm::processed_message::id)
        .field(&weir::orm::processed_message::consumer, weir::max_length(100))
        .field(&weir::orm::processed_message::message_id, weir::max_length(200))
        .field(&weir::orm::processed_message::processed_at, weir::index)
        .unique(&weir::orm::processed_message::consumer, &weir::orm::processed_message::message_id);
