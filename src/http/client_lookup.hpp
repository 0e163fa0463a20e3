// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_interrupt.hpp"
#include <weir/core/task.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::http {

/// Finds the addresses of hosts and remembers them for a while. Calls that ask for one name at the same time
/// share a lookup, which runs to its end, and is remembered, even when all of them have given up. Loop-local.
class client_lookup {
public:
    using addresses = std::vector<boost::asio::ip::address>;
    using answer = std::function<void(const boost::system::error_code& failed, addresses found)>;
    /// Looks a name up somewhere else and answers once, on the loop.
    using resolver = std::function<void(const std::string& host, answer tell)>;

    /// The system's: getaddrinfo on the thread that Asio keeps for it, without IPv6 addresses where the machine has
    /// none itself, and the other way round (AI_ADDRCONFIG).
    static resolver system(loop& home);

    /// What was found is used for `remember`; the system doesn't tell how long the name's owner allows.
    client_lookup(loop& home, duration remember, resolver ask);

    /// An address is taken as it is. errc::unavailable when there is no answer; `stop` leaves the lookup behind.
    task<result<addresses>> find(std::string host, client_interrupt& stop);
    /// Nobody could be reached there: the next call asks again.
    void forget(const std::string& host);

    static constexpr std::size_t most = 1024; ///< names remembered

private:
    struct state;

    std::shared_ptr<state> state_; // what a resolver answers to may have gone
};

} // namespace weir::http
