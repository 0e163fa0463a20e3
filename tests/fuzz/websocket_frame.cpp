// SPDX-License-Identifier: MIT
// However a client's bytes are cut up, they read as the same messages or fail for the same reason, and what is held
// of them stays within the limit.
#include "http/websocket_frame.hpp"

#include "fuzz/require.hpp"
#include <weir/core/utf8.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace weir::http::detail;

namespace {

constexpr std::size_t max_message = 4096;

struct seen {
    frame_event event;
    std::string payload;
    std::uint16_t code;

    bool operator==(const seen&) const = default;
};

seen look(frame_reader& reader, frame_event event) {
    if (event == frame_event::text) require(weir::is_utf8(reader.message()));
    if (event == frame_event::text || event == frame_event::binary) {
        require(reader.message().size() <= max_message);
        return {event, std::move(reader.message()), 0};
    }
    require(reader.control().size() <= 125);
    if (event == frame_event::failed) return {event, std::string(reader.failure()), reader.code()};
    if (event == frame_event::close) require(reader.code() == 1005 || sendable_close_code(reader.code()));
    return {event, std::string(reader.control()), event == frame_event::close ? reader.code() : std::uint16_t{0}};
}

/// Pieces of 1 to `most` bytes, each in a block of its own; 0 for all at once.
std::vector<seen> read_all(std::string_view bytes, std::size_t most) {
    frame_reader reader(max_message);
    std::vector<seen> all;
    for (std::size_t turn = 0; !bytes.empty(); ++turn) {
        const auto part = bytes.substr(0, most == 0 ? bytes.size() : 1 + turn % most);
        const std::vector<char> block(part.begin(), part.end());
        std::string_view rest(block.data(), block.size());
        for (;;) {
            const frame_event event = reader.read(rest);
            if (event == frame_event::more) break;
            all.push_back(look(reader, event));
            if (event == frame_event::failed) return all;
        }
        require(rest.empty());
        bytes.remove_prefix(part.size());
    }
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = read_all(bytes, 0);
    for (const std::size_t most : {1U, 2U, 7U, 40U}) require(read_all(bytes, most) == whole);
    return 0;
}
