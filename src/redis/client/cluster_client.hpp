// SPDX-License-Identifier: MIT
#pragma once

#include "redis/client/loop_client.hpp"
#include "redis/topology/slot_map.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::redis::detail {

/// Sends each call to the node of its key, by a map of the slots that is read from the cluster (CLUSTER SLOTS) at the
/// first call, after a redirection, and after the loss of a connection.
class cluster_client final : public loop_client {
public:
    cluster_client(loop& home, std::shared_ptr<client_terms> terms);
    ~cluster_client();

    void submit(call& one) override;
    void close() override;
    void drop_all() noexcept override;
    /// Takes over a reply of CLUSTER SLOTS.
    void learn(reply_view slots) override;
    int node_count() const noexcept override { return static_cast<int>(map_.nodes().size()); }
    bool knows_nodes() const noexcept override { return !map_.empty(); }

    void locate(link& one) override;
    void lost(link& one, const error& why) override;
    bool takes_back(call& one, link& from, reply_view why) override;

protected:
    address target_for(std::string_view key) override;

private:
    class refreshing;

    std::vector<std::shared_ptr<link>>& links_of(const address& node);
    void send_to(call& one, const address& node);
    void wait_and_send(call& one, const link& from);
    address node_for(std::string_view key);
    address any_node();
    void refresh();
    void leave_old_nodes();

    slot_map map_{};
    std::map<address, std::vector<std::shared_ptr<link>>> nodes_{};
    std::unique_ptr<refreshing> refreshing_;
    address refreshed_at_{};  // the node that was asked
    std::size_t next_ = 0;    // for calls that any node can run
    time_point refresh_at_{}; // not before
};

} // namespace weir::redis::detail
