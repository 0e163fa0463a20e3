// SPDX-License-Identifier: MIT
#pragma once

#include "redis/client/client_core.hpp"
#include "redis/link/link.hpp"
#include <weir/redis/detail/call.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::redis::detail {

/// A client's part on one loop: its connections, here to a single server. Belongs to the loop.
class loop_client : public link_owner, public std::enable_shared_from_this<loop_client> {
public:
    loop_client(loop& home, std::shared_ptr<client_terms> terms);
    loop_client(const loop_client&) = delete;
    loop_client& operator=(const loop_client&) = delete;
    virtual ~loop_client() = default;

    /// Sends a call on a shared connection.
    virtual void submit(call& one);
    /// Takes a connection for one user; errc::resource_exhausted beyond max_dedicated.
    result<std::shared_ptr<link>> take(std::string_view key);
    /// Takes it back; one that isn't clean is closed.
    void give_back(std::shared_ptr<link> own, bool clean) noexcept;
    /// A connection that listens to messages, passed to `to`.
    std::shared_ptr<link> listen(link_owner& to);

    /// Fails all calls: the client is closed.
    virtual void close();
    /// Forgets all calls, because the loop ends.
    virtual void drop_all() noexcept;

    /// The nodes of a cluster that have slots; one without a cluster.
    virtual int node_count() const noexcept { return 1; }
    virtual bool knows_nodes() const noexcept { return true; }
    /// Takes over a reply of CLUSTER SLOTS.
    virtual void learn(reply_view) {}

    const std::shared_ptr<counters>& stats() const noexcept { return link_terms_->stats; }
    loop& home() const noexcept { return home_; }
    const client_terms& terms() const noexcept { return *terms_; }

    void locate(link& one) override;
    void connected(link& one) override;
    void lost(link& one, const error& why) override;

protected:
    /// The server for a dedicated connection; no port: `locate` decides.
    virtual address target_for(std::string_view) { return {}; }

    /// Fails the call if the client is closed.
    bool refuse_if_closed(call& one) const;
    std::shared_ptr<link> make_link(link::use how);
    static link& least_loaded(const std::vector<std::shared_ptr<link>>& all);
    /// Ends the connections to other servers.
    void leave_others(const address& than, const error& why);
    void report(client_event event) const;

private:
    loop& home_;
    const std::shared_ptr<client_terms> terms_;
    std::shared_ptr<link_terms> link_terms_;
    std::vector<std::shared_ptr<link>> shared_{};
    std::vector<std::shared_ptr<link>> idle_{}; // dedicated ones without a user
    std::vector<std::weak_ptr<link>> lent_{};   // dedicated and listening ones
    std::size_t in_use_ = 0;
};

error closed_error();

} // namespace weir::redis::detail
