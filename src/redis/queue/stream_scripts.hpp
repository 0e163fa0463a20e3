// SPDX-License-Identifier: MIT
#pragma once

#include <weir/redis/script.hpp>

#include <string>
#include <string_view>

namespace weir::redis::detail {

/// The name of the Redis consumer group in each stream.
inline constexpr std::string_view stream_group_name = "weir";

/// The scripts of a stream_queue. KEYS[1] is the set of a topic's groups, or a group's stream; the other keys have
/// names that begin with it, and the same slot. A group consists of
///
/// - STREAM: messages to be delivered, and in delivery; fields m (encoded), s (state), k (key), r (redelivered), i (id)
/// - STREAM:late: messages by the time at which they are due
/// - STREAM:busy: the keys with a message in the stream, or one that waits for its retry
/// - STREAM:lane:KEY: the further messages of that key; STREAM:waiting: their number over all keys
/// - STREAM:dead: dead letters
struct stream_scripts {
    stream_scripts();

    const script declare; ///< KEYS topic; ARGV group
    const script publish; ///< KEYS topic; ARGV max_messages, delay, m, k, i: the number of groups, or -2 if one is full
    const script settle;  ///< KEYS stream; ARGV consumer, max_dead, then id, verdict, k, delay, s: refused verdicts
    const script promote; ///< KEYS stream; ARGV limit: moves what is due; sizes
    const script keep;    ///< KEYS stream; ARGV consumer, ids: restarts their idle times
    const script abandon; ///< KEYS stream; ARGV consumer: returns its messages; whether there are more
    const script prune;   ///< KEYS stream; ARGV idle time: forgets idle consumers without messages
    const script list_dead; ///< KEYS topic; ARGV group, most
    const script edit_dead; ///< KEYS topic; ARGV group, id, verb, cursor, last: number, cursor, last
};

const stream_scripts& scripts();

} // namespace weir::redis::detail
