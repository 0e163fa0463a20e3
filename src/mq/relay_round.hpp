// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/outbox.hpp>

#include <cstddef>
#include <limits>
#include <vector>

namespace weir::mq::detail {

/// A claimed batch on its way to the queue. Its messages form lines, which are published independently: the messages of
/// one key are one line, each message without a key is a line of its own.
struct relay_round {
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    relay_round(std::vector<outbox_entry> claimed, time_point when, duration lease);

    /// The outcomes of all entries but those that are kept.
    std::vector<outbox_outcome> settled() const;

    std::vector<outbox_entry> entries;
    std::vector<outbox_outcome> outcomes; ///< of each entry
    std::vector<bool> kept;               ///< whether an entry stays claimed until it is handled
    std::vector<std::size_t> heads{};     ///< the first entry of each line
    std::vector<std::size_t> following;   ///< the next entry of its line, or `none`
    time_point publish_until;
    time_point lease_until;

    std::size_t next_line = 0;
    std::size_t published = 0;
    std::size_t unavailable = 0; ///< publications for which the queue was unavailable

    /// Whether the queue seems to be away, so that further attempts are useless now.
    bool queue_is_away() const noexcept { return published == 0 && unavailable >= 3; }
};

} // namespace weir::mq::detail
