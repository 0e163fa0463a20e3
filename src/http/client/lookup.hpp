// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/interrupt.hpp"
#include <weir/core/task.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::http {

/// Looks up the addresses of hosts and caches them. Concurrent calls for one name share a lookup, which runs to its
/// end, and is cached, even if all of them have given up. Loop-local.
class client_lookup {
public:
    using addresses = std::vector<boost::asio::ip::address>;
    using answer = std::function<void(const boost::system::error_code& failed, addresses found)>;
    /// Looks up a name asynchronously and calls `report` once, on the loop.
    using resolver = std::function<void(const std::string& host, answer report)>;

    /// The system's resolver: getaddrinfo on Asio's resolver thread; IPv6 addresses are omitted if the machine has
    /// none, and likewise IPv4 (AI_ADDRCONFIG).
    static resolver system(loop& home);

    /// Addresses are cached for `remember`; the system doesn't report the name's TTL.
    client_lookup(loop& home, duration remember, resolver ask);

    /// Returns an address literal unchanged. errc::unavailable if the lookup fails; `stop` abandons the lookup.
    task<result<addresses>> find(std::string host, client_interrupt& stop);
    /// Forgets a host that couldn't be reached: the next call looks it up again.
    void forget(const std::string& host);

    static constexpr std::size_t most = 1024; ///< names cached

private:
    struct state;

    std::shared_ptr<state> state_; // shared with resolver callbacks, which may outlive this object
};

} // namespace weir::http
