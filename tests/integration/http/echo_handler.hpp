// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/http/websocket.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <future>

namespace test_support {

/// Echoes every message, with its type, until either side closes.
inline weir::task<void> echo(weir::websocket& peer) {
    weir::result<void> sent = weir::ok();
    while (sent) {
        auto message = co_await peer.receive();
        if (!message) break;
        if (message->binary)
            sent = co_await peer.send_binary(message->data);
        else
            sent = co_await peer.send(message->data);
    }
}

/// The same for one peer; tells the test the close code at the handler's end. Outlives the server.
class watched_echo {
public:
    weir::task<void> run(weir::websocket& peer) {
        co_await echo(peer);
        ended_.set_value(peer.close_code());
    }

    std::uint16_t end() {
        auto known = ended_.get_future();
        REQUIRE(known.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
        return known.get();
    }

private:
    std::promise<std::uint16_t> ended_;
};

} // namespace test_support
