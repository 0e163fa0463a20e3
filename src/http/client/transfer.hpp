// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/connection.hpp"
#include "http/client/interrupt.hpp"
#include "http/client/response_parser.hpp"

#include <string>

namespace weir::http::detail {

/// The largest expansion factor of a decoded body, once it exceeds `from` bytes. 0: no limit.
struct client_expansion {
    std::uint64_t from = 0;
    std::uint64_t most = 0;
};

/// The state of one call: the request, its limits, and the outcome.
struct client_call {
    client_call(client_request asked, client_url parsed, std::string rendered, client_stats& sums)
        : request(std::move(asked)), url(std::move(parsed)), head(std::move(rendered)), counts(sums) {}

    client_request request;
    client_url url;
    std::string head;
    std::size_t time_line = 0; // size of the remaining-time line at the head's end
    time_point deadline = time_point::max();
    client_stats& counts;
    client_response_parser::limits most{};
    client_expansion expansion{};
    duration first_byte{};
    duration between_bytes{};
    client_interrupt stop{};
    error failure{};
    client_response response{};
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    int redirects = 0;
    int max_redirects = 0;
    bool decompress = false;
    bool exposed = false; // a server may have received part of the request

    /// Sets the head of the next request of this call.
    void say(std::string rendered) {
        head = std::move(rendered);
        time_line = 0;
    }
    /// Whether this response is a redirect to follow, even beyond the limit.
    bool passes(const client_response& answer) const noexcept;
};

/// Sends the request and reads the response, concurrently if the request is large (RFC 9112, 9.5). A complete response
/// is the outcome even if the request hasn't been sent completely, or couldn't be: the rest isn't sent, and the
/// connection is closed.
task<result<void>> transfer(loop& home, client_connection& connection, client_call& call,
                            client_response_parser& parser);

} // namespace weir::http::detail
