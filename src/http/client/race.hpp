// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/connection.hpp"
#include "http/client/interrupt.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace weir::http::detail {

/// Connects to the first of several addresses that accepts (RFC 8305, section 5). They are tried in order: the next one
/// starts when another has failed, or when none has connected for `delay`, while earlier attempts continue. Loop-local.
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
    /// Returns the winner, or null with the last failure: asio::error::operation_aborted if `stop` was raised.
    /// Unfinished attempts are closed, and tried again by the next call.
    task<std::unique_ptr<client_connection>> run(client_interrupt& stop, error_code& failed);

private:
    struct state;

    std::shared_ptr<state> state_; // abandoned attempts may still report
};

/// Interleaves the address families, keeping their order (RFC 8305, section 4), so that a family without connectivity
/// costs one delay.
std::vector<client_race::endpoint> by_turns(const std::vector<boost::asio::ip::address>& all, unsigned short port);

} // namespace weir::http::detail
