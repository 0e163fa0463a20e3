// SPDX-License-Identifier: MIT
#include "http/websocket/frame.hpp"

#include <cstdint>

namespace weir::http::detail {

namespace {

constexpr unsigned last_text = 0x81; // FIN and the opcode
constexpr unsigned last_binary = 0x82;
constexpr std::size_t two_bytes = 126; // the size is in the next two bytes; 127 means eight
constexpr std::size_t eight_bytes = 127;

// Uses the shortest form, as required for frames.
void append_size(std::size_t size, std::string& out) {
    const bool is_long = size > 0xffff;
    if (size < two_bytes) return out.push_back(static_cast<char>(size));
    out.push_back(static_cast<char>(is_long ? eight_bytes : two_bytes));
    for (int bits = is_long ? 56 : 8; bits >= 0; bits -= 8)
        out.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> bits));
}

} // namespace

void append_frame(std::string_view payload, bool binary, std::string& out) {
    out.reserve(out.size() + max_frame_head + payload.size());
    out.push_back(static_cast<char>(binary ? last_binary : last_text));
    append_size(payload.size(), out);
    out.append(payload);
}

shared_frame frame_of(std::string_view payload, bool binary) {
    auto made = std::make_shared<std::string>();
    append_frame(payload, binary, *made);
    return made;
}

} // namespace weir::http::detail
