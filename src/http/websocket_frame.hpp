// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// RFC 6455 section 5.2.
enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Adds a whole, unmasked frame, as a server sends it.
void append_frame(opcode kind, std::string_view payload, std::string& out);
/// Adds a close frame; 1005 stands for none.
void append_close(std::uint16_t code, std::string_view reason, std::string& out);
/// Whether the code may stand in a close frame (section 7.4, and IANA's registry).
bool sendable_close_code(std::uint16_t code) noexcept;

enum class frame_event : std::uint8_t {
    more, // all input was taken
    text,
    binary,
    ping,
    pong,
    close,
    failed, // the connection has to be failed with `code()`
};

/// What a client sends, put together to messages: strict (masked frames, shortest lengths, no extensions),
/// without I/O, whole however the bytes are cut. What it holds is bounded by the largest message.
class frame_reader {
public:
    explicit frame_reader(std::size_t max_message) noexcept : max_message_(max_message) {}

    /// Takes input off the front up to the next event. After `failed` it isn't to be called again.
    frame_event read(std::string_view& input);

    /// Whether a message, or a control frame, has begun and isn't whole yet.
    bool midway() const noexcept { return fragmented_ || in_payload_ || head_size_ != 0; }
    /// The message of `text` and `binary`; may be moved from.
    std::string& message() noexcept { return message_; }
    /// What a ping or pong carries, or the reason of a close.
    std::string_view control() const noexcept { return control_; }
    /// The code of a close frame (1005 for none), or the one to fail with.
    std::uint16_t code() const noexcept { return code_; }
    /// What was wrong, as a close frame's reason: static text.
    std::string_view failure() const noexcept { return failure_; }

private:
    bool take_head(std::string_view& input);
    std::size_t head_length() const noexcept;
    bool check_kind();
    bool check_length();
    void begin_message();
    void take_payload(std::string_view& input);
    frame_event end_frame();
    frame_event end_message();
    frame_event end_close();
    bool refuse(std::uint16_t code, std::string_view why) noexcept;

    bool is_control() const noexcept { return static_cast<std::uint8_t>(kind_) >= 8; }
    std::uint8_t byte(std::size_t at) const noexcept { return static_cast<std::uint8_t>(head_[at]); }

    std::size_t max_message_;
    std::string message_;
    std::string control_;
    std::string_view failure_{};
    std::uint64_t left_ = 0;  // of the payload
    std::uint64_t taken_ = 0; // of the payload
    char head_[14];           // two bytes, up to eight of length, four of mask
    std::uint8_t head_size_ = 0;
    bool in_payload_ = false;
    bool final_ = false;
    bool fragmented_ = false; // a message has begun
    opcode kind_ = opcode::continuation;
    opcode message_kind_ = opcode::text;
    std::uint16_t code_ = 0;
};

} // namespace weir::http::detail
