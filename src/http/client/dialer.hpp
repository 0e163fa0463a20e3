// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/connection.hpp"
#include "http/client/lookup.hpp"
#include "http/client/race.hpp"
#include <weir/http/client.hpp>

#include <memory>

namespace weir::http::detail {

/// Opens connections: name lookup, the address that connects first, TLS. Each phase has its timeout. If TLS fails, the
/// other addresses are tried.
class client_dialer {
public:
    client_dialer(loop& home, const client_options& options, client_lookup::resolver names);

    task<result<std::unique_ptr<client_connection>>> dial(const client_url& url, client_interrupt& stop);

private:
    using connection = std::unique_ptr<client_connection>;

    task<result<client_lookup::addresses>> look_up(const client_url& url, client_interrupt& stop);
    task<result<connection>> open(const client_url& url, const client_lookup::addresses& all, client_interrupt& stop);
    task<result<connection>> connect(const client_url& url, client_race& race, time_point until,
                                     client_interrupt& stop);
    task<result<void>> secure(client_connection& made, const client_url& url, client_interrupt& stop);

    loop& home_;
    client_lookup lookup_;
    duration lookup_timeout_;
    duration connect_timeout_;
    duration tls_timeout_;
    bool verify_;
    boost::asio::ssl::context tls_;
};

} // namespace weir::http::detail
