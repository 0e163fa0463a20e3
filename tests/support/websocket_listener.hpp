// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/core/task.hpp>
#include <weir/http/websocket.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace test_support {

/// Receives for a handler, and notes how the conversation ended.
struct websocket_listener {
    weir::error ended; // what the last receive was answered
    std::uint16_t code = 0;
    std::string reason;

    /// Nothing once it has ended.
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
