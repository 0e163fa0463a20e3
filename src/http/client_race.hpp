// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_connection.hpp"
#include "http/client_interrupt.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace weir::http {

/// Connects to that of several addresses which takes a connection first (RFC 8305, section 5). They are tried in their
/// order: the next one when another has failed, or none has connected for `delay`, while those under way go on.
/// Loop-local.
class client_race {
public:
    using endpoint = client_connection::endpoint;
    using error_code = client_connection::error_code;

    /// The recommended Connection Attempt Delay.
    static constexpr duration delay = std::chrono::milliseconds(250);

    client_race(loop& home, std::vector<endpoint> to);
    ~client_race();
    client_race(const client_race&) = delete;
    client_race& operator=(const client_race&) = delete;

    /// Whether there are addresses that have neither failed nor won.
    bool more() const noexcept;
    /// The winner, or null with the last failure: asio::error::operation_aborted when `stop` was raised. Whatever
    /// didn't come to its end is closed, and tried again by the next call.
    task<std::unique_ptr<client_connection>> run(client_interrupt& stop, error_code& failed);

private:
    struct state;

    std::shared_ptr<state> state_; // attempts that were given up may still report
};

/// The addresses in their order, but by turns of each family (RFC 8305, section 4): so one that doesn't work costs
/// one delay.
std::vector<client_race::endpoint> by_turns(const std::vector<boost::asio::ip::address>& all, unsigned short port);

} // namespace weir::http
