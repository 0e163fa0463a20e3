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

/// A response as a test looks at it.
struct test_response {
    int status = 0;
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    bool closes = false; ///< the connection ends after it

    /// The first header of that name (case-insensitive), empty when absent.
    std::string header(std::string_view name) const;
};

struct test_client_options {
    http::limits limits{};
    /// The clock of the loop that handlers run on; a manual one makes every timeout testable.
    const weir::clock* clock = &weir::system_clock();
    /// Where the client connects from, as the routes see it.
    std::string remote_address = "127.0.0.1";
};

/// Talks to an app's routes without a socket: the bytes go through the connection state machine that also
/// serves sockets, on a loop of the client's own, in the calling thread. One client is one connection,
/// opened anew when it has been closed. A call returns once the response is complete; a handler that can
/// never answer throws std::logic_error.
class test_client {
public:
    explicit test_client(const http::router& app, test_client_options options = {});
    ~test_client();

    test_response get(std::string_view target);
    test_response del(std::string_view target);
    test_response post(std::string_view target, std::string_view json_body);
    test_response put(std::string_view target, std::string_view json_body);

    /// A header of all further requests: `client.header("authorization", "Bearer ...")`; empty removes it.
    test_client& header(std::string name, std::string value);

    test_response send(http::method verb, std::string_view target, std::string_view body = {},
                       std::string_view content_type = {});

    /// Raw bytes in, without waiting; then `receive()` for each response, `output()` for raw bytes.
    void write(std::string_view bytes);
    /// The peer's last byte.
    void write_end();
    /// The peer is gone without a goodbye.
    void reset();
    /// The next response, its body decoded from chunks.
    test_response receive(bool head_only = false);
    std::string output();
    /// Lets what is ready run, deadlines included.
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
