// SPDX-License-Identifier: MIT
#pragma once

#include "redis/client/loop_client.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace weir::redis::detail {

/// Finds the master of a Sentinel group and keeps the connections on it. One connection listens to a sentinel: it asks
/// for the master when it begins and then receives each change. After a connection to the master is lost, or refuses to
/// write, another sentinel is asked.
class sentinel_client final : public loop_client {
public:
    sentinel_client(loop& home, std::shared_ptr<client_terms> terms);

    void close() override;
    void drop_all() noexcept override;

    void locate(link& one) override;
    void lost(link& one, const error& why) override;
    bool takes_back(call& one, link& from, reply_view why) override;

private:
    /// The connection to a sentinel.
    struct watch final : link_owner {
        explicit watch(sentinel_client& to) : owner(to) {}

        void locate(link& one) override;
        void connected(link& one) override;
        void lost(link& one, const error& why) override;
        void pushed(link& one, reply_view what) override;

        sentinel_client& owner;
        std::size_t next = 0;     // of the sentinels
        std::size_t failures = 0; // since the last answer
        int waits = 0;            // for an answer, since the question
        bool answered = false;
    };

    void follow(address master);
    void no_sentinel(const error& why);

    watch watch_;
    std::shared_ptr<link> sentinel_;
    std::optional<address> master_{};
    bool suspect_ = false; // the address has to be confirmed
    bool leaving_ = false; // connections end because there is another master
    std::vector<std::weak_ptr<link>> waiting_{};
};

} // namespace weir::redis::detail
