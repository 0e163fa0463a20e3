// SPDX-License-Identifier: MIT
#include "http/websocket_frame.hpp"

#include <weir/core/utf8.hpp>

#include <algorithm>
#include <cstring>

namespace weir::http::detail {

namespace {

constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t no_code = 1005;
constexpr std::uint16_t not_utf8 = 1007;
constexpr std::uint16_t too_big = 1009;
constexpr std::size_t max_control = 125;

void append_number(std::uint64_t number, int bytes, std::string& out) {
    while (bytes-- > 0) out.push_back(static_cast<char>(number >> (8 * bytes)));
}

std::uint64_t read_number(const char* from, int bytes) noexcept {
    std::uint64_t number = 0;
    for (int i = 0; i < bytes; ++i) number = number << 8 | static_cast<std::uint8_t>(from[i]);
    return number;
}

// Adds the bytes unmasked, eight at a time; `phase` is the place of the first within the mask.
void append_unmasked(std::string_view masked, const char* mask, std::size_t phase, std::string& out) {
    const std::size_t before = out.size();
    out.append(masked);
    char* at = out.data() + before;
    char* const end = out.data() + out.size();
    char turned[8];
    for (std::size_t i = 0; i < sizeof turned; ++i) turned[i] = mask[(phase + i) % 4];
    std::uint64_t key;
    std::memcpy(&key, turned, sizeof key);
    for (; end - at >= 8; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, sizeof word);
        word ^= key;
        std::memcpy(at, &word, sizeof word);
    }
    for (std::size_t i = 0; at != end; ++at, ++i) *at = static_cast<char>(*at ^ turned[i]);
}

} // namespace

void append_frame(opcode kind, std::string_view payload, std::string& out) {
    out.push_back(static_cast<char>(0x80 | static_cast<std::uint8_t>(kind)));
    if (payload.size() < 126) {
        append_number(payload.size(), 1, out);
    } else if (payload.size() < 65536) {
        append_number(126, 1, out);
        append_number(payload.size(), 2, out);
    } else {
        append_number(127, 1, out);
        append_number(payload.size(), 8, out);
    }
    out.append(payload);
}

void append_close(std::uint16_t code, std::string_view reason, std::string& out) {
    std::string payload;
    if (code != no_code) append_number(code, 2, payload);
    append_frame(opcode::close, payload.append(reason), out);
}

bool sendable_close_code(std::uint16_t code) noexcept {
    if (code >= 3000) return code < 5000;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

bool frame_reader::refuse(std::uint16_t code, std::string_view why) noexcept {
    code_ = code;
    failure_ = why;
    return false;
}

frame_event frame_reader::read(std::string_view& input) {
    for (;;) {
        if (!in_payload_ && !take_head(input)) return failure_.empty() ? frame_event::more : frame_event::failed;
        take_payload(input);
        if (left_ != 0) return frame_event::more;
        in_payload_ = false;
        head_size_ = 0;
        if (const auto event = end_frame(); event != frame_event::more) return event;
    }
}

std::size_t frame_reader::head_length() const noexcept {
    if (head_size_ < 2) return 2;
    const int length = byte(1) & 127;
    if (length < 126) return 6;
    return length == 126 ? 8 : 14;
}

// What is wrong with the first two bytes is known before the rest has come.
bool frame_reader::take_head(std::string_view& input) {
    for (std::size_t wanted = head_length(); head_size_ < wanted; wanted = head_length()) {
        const std::size_t part = std::min(wanted - head_size_, input.size());
        if (part == 0) return false;
        std::memcpy(head_ + head_size_, input.data(), part);
        input.remove_prefix(part);
        head_size_ = static_cast<std::uint8_t>(head_size_ + part);
        if (head_size_ == 2 && !check_kind()) return false;
    }
    return check_length();
}

bool frame_reader::check_kind() {
    kind_ = static_cast<opcode>(byte(0) & 15);
    final_ = (byte(0) & 0x80) != 0;
    const bool known = static_cast<std::uint8_t>(kind_) <= 2 || (kind_ >= opcode::close && kind_ <= opcode::pong);
    if ((byte(0) & 0x70) != 0) return refuse(protocol_error, "a reserved bit is set");
    if (!known) return refuse(protocol_error, "unknown opcode");
    if ((byte(1) & 0x80) == 0) return refuse(protocol_error, "a client's frames are masked");
    if (is_control() && !final_) return refuse(protocol_error, "a fragmented control frame");
    if (is_control() && (byte(1) & 127) > max_control) return refuse(protocol_error, "a control frame over 125 bytes");
    if (is_control()) return true;
    if ((kind_ == opcode::continuation) != fragmented_)
        return refuse(protocol_error, fragmented_ ? "a message inside another" : "nothing to continue");
    return true;
}

bool frame_reader::check_length() {
    const int length = byte(1) & 127;
    left_ = static_cast<std::uint64_t>(length);
    if (length == 126) left_ = read_number(head_ + 2, 2);
    if (length == 127) left_ = read_number(head_ + 2, 8);
    const std::uint64_t least = length == 126 ? 126 : length == 127 ? 65536 : 0;
    if (left_ < least || left_ >> 63 != 0) return refuse(protocol_error, "a length in a longer form than it needs");
    if (is_control()) control_.clear();
    if (!is_control() && !fragmented_) begin_message();
    if (!is_control() && left_ > max_message_ - message_.size()) return refuse(too_big, "the message is too large");
    in_payload_ = true;
    taken_ = 0;
    return true;
}

void frame_reader::begin_message() {
    message_kind_ = kind_;
    message_.clear();
}

void frame_reader::take_payload(std::string_view& input) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    const char* const mask = head_ + head_length() - 4;
    append_unmasked(input.substr(0, part), mask, static_cast<std::size_t>(taken_ % 4),
                    is_control() ? control_ : message_);
    input.remove_prefix(part);
    taken_ += part;
    left_ -= part;
}

frame_event frame_reader::end_frame() {
    if (kind_ == opcode::ping) return frame_event::ping;
    if (kind_ == opcode::pong) return frame_event::pong;
    if (kind_ == opcode::close) return end_close();
    fragmented_ = !final_;
    return final_ ? end_message() : frame_event::more;
}

frame_event frame_reader::end_message() {
    if (message_kind_ == opcode::binary) return frame_event::binary;
    if (is_utf8(message_)) return frame_event::text;
    refuse(not_utf8, "a text that isn't UTF-8");
    return frame_event::failed;
}

frame_event frame_reader::end_close() {
    code_ = no_code;
    if (control_.empty()) return frame_event::close;
    code_ = static_cast<std::uint16_t>(control_.size() < 2 ? 0 : read_number(control_.data(), 2));
    control_.erase(0, 2);
    if (!sendable_close_code(code_)) refuse(protocol_error, "not a code to close with");
    if (failure_.empty() && !is_utf8(control_)) refuse(not_utf8, "a reason that isn't UTF-8");
    return failure_.empty() ? frame_event::close : frame_event::failed;
}

} // namespace weir::http::detail
