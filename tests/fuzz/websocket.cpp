// SPDX-License-Identifier: MIT
// A whole WebSocket connection to an echo server. The first byte is a script, the others are what the client sends
// after its handshake. The bits of the first byte:
//   1 the client reads nothing until asked to    2 the server stops halfway
//   4 the client disappears at the end without a FIN    8 the handler leaves after one message
// and the upper four are the size of the pieces. Invariants: the server sends complete, unmasked frames, texts are
// UTF-8, nothing follows its one close frame, and handler and connection end. Without a script the responses are the
// same for every split.
#include "fuzz/session_peer.hpp"
#include "support/websocket_frames.hpp"
#include <weir/core/utf8.hpp>
#include <weir/http/router.hpp>
#include <weir/http/websocket.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_message = 4096;
constexpr unsigned stalls = 1, stops = 2, vanishes = 4, leaves = 8;

int running = 0;
bool one_message = false;

/// Lives as long as its handler's frame.
struct presence {
    presence() { ++running; }
    ~presence() { --running; }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;
};

task<void> echo(websocket& peer) {
    const presence here;
    result<void> sent = ok();
    while (sent) {
        auto message = co_await peer.receive();
        if (!message) break;
        require(message->data.size() <= max_message);
        require(message->binary || is_utf8(message->data));
        if (message->binary)
            sent = co_await peer.send_binary(message->data);
        else
            sent = co_await peer.send(message->data);
        if (one_message) break;
    }
}

router routes() {
    router app;
    app.get("/", [](websocket_upgrade upgrade) { return upgrade.accept(echo, {.max_message = max_message}); });
    return app;
}

/// Removes big-endian bytes from the front.
std::uint64_t number(std::string_view& from, std::size_t bytes) {
    require(from.size() >= bytes);
    std::uint64_t all = 0;
    for (; bytes > 0; --bytes, from.remove_prefix(1)) all = all << 8 | static_cast<unsigned char>(from[0]);
    return all;
}

void check_close(std::string_view payload) {
    if (payload.empty()) return;
    const std::uint64_t code = number(payload, 2); // above 4999, which RFC 6455 leaves open, the client chose it
    require(code >= 1000 && (code < 1015 || code >= 3000) && code != 1004 && code != 1005 && code != 1006);
    require(is_utf8(payload));
}

/// Checks a frame; returns whether it was the last one.
bool check_frame(std::string_view& from) {
    const std::uint64_t first = number(from, 1);
    std::uint64_t size = number(from, 1);
    require((first & 0x70) == 0 && (first & 0x80) != 0);
    require(size < 128);
    if (size == 126) require((size = number(from, 2)) > 125);
    if (size == 127) require((size = number(from, 8)) > 65535);
    require(from.size() >= size);
    const std::string_view payload = from.substr(0, size);
    from.remove_prefix(size);
    const std::uint64_t kind = first & 15;
    require(kind == 1 || kind == 2 || ((kind == 8 || kind == 9 || kind == 10) && size <= 125));
    if (kind == 1) require(is_utf8(payload));
    if (kind == 8) check_close(payload);
    return kind == 8;
}

/// Checks all frames; the last one may be incomplete only if the connection was cut.
void check_frames(std::string_view all, bool cut) {
    require(all.starts_with("HTTP/1.1 101 "));
    all.remove_prefix(all.find("\r\n\r\n") + 4);
    bool closed = false;
    while (!all.empty()) {
        require(!closed);
        closed = check_frame(all);
    }
    require(closed || cut);
}

std::string converse(std::string_view bytes, std::size_t piece, unsigned how) {
    static const router app = routes();
    one_message = (how & leaves) != 0;
    session_peer peer(app, http::limits{});
    const std::string asked = test_support::handshake("/");
    std::string_view handshake = asked;
    peer.send(handshake, asked.size());
    peer.poll();
    if (how & stalls) peer.stall();
    const std::size_t half = bytes.size() / 2;
    bool stopped = (how & stops) == 0;
    for (bool reads = true; reads && !peer.over() && !bytes.empty();) {
        if (!stopped && bytes.size() <= half) peer.drain();
        stopped = stopped || bytes.size() <= half;
        reads = peer.send(bytes, piece);
        peer.poll();
        if (!reads) peer.take(), peer.poll();
        reads = reads || peer.send(bytes, piece);
        peer.poll();
    }
    peer.take();
    peer.poll();
    if (how & vanishes) peer.reset();
    peer.send_end();
    for (int i = 0; i < 5 && !peer.over(); ++i) peer.pass(70s);
    peer.poll();
    require(peer.over() && running == 0);
    check_frames(peer.received(), peer.cut());
    return peer.received();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const unsigned how = data[0] & 15U;
    const std::size_t piece = 1U + (data[0] >> 4U) * 97U;
    const std::string seen = converse(bytes, piece, how);
    if (how == 0)
        for (const std::size_t other : {1U, 7U, 40U, 65536U}) require(converse(bytes, other, 0) == seen);
    return 0;
}
