// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_connection.hpp"
#include "http/client_lookup.hpp"
#include <weir/http/client.hpp>

#include <memory>

namespace weir::http {

/// Opens connections: name lookup, each address in turn, TLS. Every phase has its timeout; of the one for
/// connecting every address gets an equal share of what is left.
class client_dialer {
public:
    client_dialer(loop& home, const client_options& options);

    task<result<std::unique_ptr<client_connection>>> dial(const client_url& url, client_interrupt& stop);

private:
    using connection = std::unique_ptr<client_connection>;
    using endpoint = client_connection::endpoint;

    task<result<client_lookup::addresses>> look_up(const client_url& url, client_interrupt& stop);
    task<result<connection>> try_each(const client_url& url, const client_lookup::addresses& all,
                                      client_interrupt& stop);
    task<result<void>> open(client_connection& made, const client_url& url, endpoint to, time_point until);
    task<result<void>> connect(client_connection& made, const client_url& url, endpoint to, time_point until);
    task<result<void>> secure(client_connection& made, const client_url& url);

    loop& home_;
    client_lookup lookup_;
    duration lookup_timeout_;
    duration connect_timeout_;
    duration tls_timeout_;
    bool verify_;
    boost::asio::ssl::context tls_;
};

} // namespace weir::http
