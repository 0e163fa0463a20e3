// SPDX-License-Identifier: MIT
#include "mq/relay_round.hpp"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace weir::mq::detail {

relay_round::relay_round(std::vector<outbox_entry> claimed, time_point when, duration lease)
    : entries(std::move(claimed)), outcomes(entries.size()), kept(entries.size(), false),
      following(entries.size(), none), publish_until(weir::detail::later(when, lease / 2)),
      lease_until(weir::detail::later(when, lease)) {
    std::unordered_map<std::string_view, std::size_t> last_of_key;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        outcomes[i].row = entries[i].row;
        const std::string_view key = entries[i].content.key;
        const auto [at, is_first] = key.empty() ? std::pair(last_of_key.end(), true) : last_of_key.try_emplace(key, i);
        if (is_first) {
            heads.push_back(i);
        } else {
            following[at->second] = i;
            at->second = i;
        }
    }
}

std::vector<outbox_outcome> relay_round::settled() const {
    std::vector<outbox_outcome> all;
    all.reserve(outcomes.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        if (!kept[i]) all.push_back(outcomes[i]);
    return all;
}

} // namespace weir::mq::detail
