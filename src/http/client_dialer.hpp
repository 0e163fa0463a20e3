// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_connection.hpp"
#include <weir/http/client.hpp>

#include <memory>

namespace weir::http {

/// Opens connections: name lookup, each address in turn, TLS. All of it within the connect timeout, of which
/// every address gets an equal share of what is left.
class client_dialer {
public:
    client_dialer(loop& home, const client_options& options);

    task<result<std::unique_ptr<client_connection>>> dial(const client_url& url, client_interrupt& stop);

private:
    using connection = std::unique_ptr<client_connection>;

    task<result<connection>> try_each(const client_url& url, const std::vector<boost::asio::ip::tcp::endpoint>& all,
                                      time_point until, client_interrupt& stop);
    task<result<void>> open(client_connection& made, const client_url& url, boost::asio::ip::tcp::endpoint to,
                            time_point until, client_interrupt& stop);
    task<result<void>> connect(client_connection& made, const client_url& url, boost::asio::ip::tcp::endpoint to);

    loop& home_;
    duration timeout_;
    bool verify_;
    boost::asio::ssl::context tls_;
};

} // namespace weir::http
