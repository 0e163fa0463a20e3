// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// WebSocket frames built by hand, independent of weir's code.
namespace test_support {

/// The frame types (RFC 6455 section 5.2).
namespace opcode {
inline constexpr int more = 0, text = 1, binary = 2, closing = 8, ping = 9, pong = 10;
} // namespace opcode

/// The part of a frame before its mask or payload, with the length in its shortest form.
inline std::string frame_head(int kind, bool last, bool masked, std::size_t size) {
    std::string out(1, static_cast<char>((last ? 0x80 : 0) | kind));
    const int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    const int length = bytes == 0 ? static_cast<int>(size) : bytes == 2 ? 126 : 127;
    out.push_back(static_cast<char>((masked ? 0x80 : 0) | length));
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(size >> (8 * i)));
    return out;
}

/// A client's frame, masked.
inline std::string client_frame(int kind, std::string_view payload, bool last = true) {
    const std::string mask("\x37\xfa\x21\x3d");
    const std::size_t size = payload.size();
    std::string out = frame_head(kind, last, true, size) + mask;
    for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    return out;
}

inline std::string close_payload(std::uint16_t code, std::string_view reason = {}) {
    std::string out(1, static_cast<char>(code >> 8));
    out.push_back(static_cast<char>(code));
    return out.append(reason);
}

/// A server's frame, unmasked.
inline std::string server_frame(int kind, std::string_view payload) {
    return frame_head(kind, true, false, payload.size()).append(payload);
}

inline std::string server_close(std::uint16_t code, std::string_view reason = {}) {
    return server_frame(8, close_payload(code, reason));
}

/// The example of RFC 6455 section 1.3.
inline constexpr std::string_view handshake_key = "dGhlIHNhbXBsZSBub25jZQ==";

inline std::string handshake(std::string_view target, std::string_view more = {}) {
    return std::string("GET ")
        .append(target)
        .append(" HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
        .append(handshake_key)
        .append("\r\n")
        .append(more)
        .append("\r\n");
}

} // namespace test_support
