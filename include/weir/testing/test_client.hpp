// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/http/limits.hpp>
#include <weir/http/router.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::testing {

/// A response as seen by a test.
struct test_response {
    int status = 0;
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    bool closes = false; ///< the connection ends after it

    /// The first header with that name (case-insensitive); empty if absent.
    std::string header(std::string_view name) const;
};

struct test_client_options {
    http::limits limits{};
    /// The clock of the loop that handlers run on; with a manual clock every timeout is testable.
    const weir::clock* clock = &weir::system_clock();
    /// The client's address as routes see it.
    std::string remote_address = "127.0.0.1";
};

/// Calls an app's routes without a socket: the bytes pass through the same connection state machine as those of
/// sockets, on a loop owned by the client, in the calling thread. A client is one connection, reopened when it has been
/// closed. A call returns once the response is complete, and throws std::logic_error if a handler can never respond.
class test_client {
public:
    explicit test_client(const http::router& app, test_client_options options = {});
    ~test_client();

    test_response get(std::string_view target);
    test_response del(std::string_view target);
    test_response post(std::string_view target, std::string_view json_body);
    test_response put(std::string_view target, std::string_view json_body);

    /// Adds a header to all further requests: `client.header("authorization", "Bearer ...")`; an empty value removes
    /// it.
    test_client& header(std::string name, std::string value);

    test_response send(http::method verb, std::string_view target, std::string_view body = {},
                       std::string_view content_type = {});

    /// Writes raw bytes without waiting; then call `receive()` for each response, or `output()` for raw bytes.
    void write(std::string_view bytes);
    /// Ends the client's side of the stream.
    void write_end();
    /// Drops the connection abruptly.
    void reset();
    /// Returns the next response, its body decoded from chunks.
    test_response receive(bool head_only = false);
    std::string output();
    /// Runs ready handlers, including expired deadlines.
    void poll();
    bool closed() const noexcept;

    weir::loop& loop() noexcept;

private:
    struct impl;

    std::unique_ptr<impl> impl_;
};

} // namespace weir::testing

namespace weir {
using testing::test_client;
} // namespace weir
