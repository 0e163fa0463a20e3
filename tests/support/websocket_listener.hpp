// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/core/task.hpp>
#include <weir/http/websocket.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace test_support {

/// Receives messages for a handler and records how the conversation ended.
struct websocket_listener {
    weir::error ended; // the error of the last receive
    std::uint16_t code = 0;
    std::string reason;

    /// Returns nothing once the conversation has ended.
    weir::task<std::optional<weir::websocket_message>> next(weir::websocket& peer) {
        auto message = co_await peer.receive();
        if (message) co_return std::move(*message);
        ended = message.error();
        code = peer.close_code();
        reason = peer.close_reason();
        co_return std::nullopt;
    }
};

} // namespace test_support
