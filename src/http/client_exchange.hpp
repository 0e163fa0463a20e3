// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_connection.hpp"
#include "http/client_interrupt.hpp"
#include "http/client_response_parser.hpp"

#include <string>

namespace weir::http {

/// How many times larger than it came a body may decode to, once that is more than `from` bytes. 0: any.
struct client_expansion {
    std::uint64_t from = 0;
    std::uint64_t most = 0;
};

/// One call on its way: what is asked, how much may come back, and what became of it.
struct client_call {
    client_call(client_request asked, client_url parsed, std::string rendered, client_stats& sums)
        : request(std::move(asked)), url(std::move(parsed)), head(std::move(rendered)), counts(sums) {}

    client_request request;
    client_url url;
    std::string head;
    std::size_t time_line = 0; // bytes at the head's end that say the time left
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
    bool exposed = false; // a server may have something of the request

    /// The head of the next request that it makes.
    void say(std::string rendered) {
        head = std::move(rendered);
        time_line = 0;
    }
    /// Whether this response isn't the answer but points to where it is, be it once too often.
    bool passes(const client_response& answer) const noexcept;
};

/// Sends the request and reads the response, both at once where the request is large (RFC 9112, 9.5). A whole
/// response is the outcome also when the request hasn't left by then, or couldn't: the rest of it isn't sent, and the
/// connection is closed.
task<result<void>> transfer(loop& home, client_connection& connection, client_call& call,
                            client_response_parser& parser);

} // namespace weir::http
