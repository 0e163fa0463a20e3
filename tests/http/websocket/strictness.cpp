// SPDX-License-Identifier: MIT
// What a client may send by RFC 6455, and the response to anything else.
#include "support/websocket_frames.hpp"
#include "support/websocket_listener.hpp"
#include <weir/http/router.hpp>
#include <weir/http/websocket.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

using namespace weir;
using namespace std::string_literals;
using test_support::client_frame;
using test_support::close_payload;
using test_support::server_close;
using test_support::server_frame;

namespace {

using namespace test_support::opcode;

// Records what it receives, one line per message, and how it ended.
struct listening_fixture : test_support::websocket_listener {
    router app;
    std::string heard;

    listening_fixture() {
        app.get("/", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return listen(peer); });
        });
        app.get("/small", [this](websocket_upgrade upgrade) {
            return upgrade.accept([this](websocket& peer) { return listen(peer); }, {.max_message = 8});
        });
    }

    task<void> listen(websocket& peer) {
        while (auto message = co_await next(peer))
            heard.append(message->binary ? "binary " : "text ").append(message->data).append("\n");
    }

    // Returns the server's response to these bytes, sent in pieces of that size; everything received is in `heard`.
    std::string answer(std::string_view bytes, std::string_view target = "/", std::size_t piece = 1 << 20) {
        heard.clear();
        ended = {};
        test_client peer(app);
        peer.write(test_support::handshake(target));
        REQUIRE(peer.receive().status == 101);
        std::string all;
        for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
            peer.write(bytes.substr(0, piece));
            peer.poll();
            all += peer.output();
        }
        CHECK(peer.closed() == static_cast<bool>(ended));
        return all;
    }
    // Returns the code of the close that answers these bytes, which is also the handler's; 0 for anything else.
    int refusal(std::string_view bytes, std::string_view target = "/") {
        const std::string all = answer(bytes, target);
        CHECK(ended == errc::unavailable);
        if (all.size() < 4 || all[0] != '\x88') return 0;
        const int told = static_cast<unsigned char>(all[2]) << 8 | static_cast<unsigned char>(all[3]);
        CHECK(code == told);
        return told;
    }
};

std::string bytes(std::initializer_list<int> all) {
    std::string out;
    for (const int one : all) out.push_back(static_cast<char>(one));
    return out;
}

} // namespace

TEST_CASE_FIXTURE(listening_fixture, "the examples of RFC 6455 section 5.7 are read as described there") {
    answer("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
    CHECK(heard == "text Hello\n");
    answer(client_frame(text, "Hel", false) + client_frame(more, "lo"));
    CHECK(heard == "text Hello\n");
    CHECK(answer("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s) == "\x8a\x05Hello");
}

TEST_CASE_FIXTURE(listening_fixture,
                  "messages arrive whole, with control frames between their fragments, at any split") {
    const std::string all =
        client_frame(text, "one ", false) + client_frame(ping, "?") + client_frame(more, "", false) +
        client_frame(pong, "!") + client_frame(more, "two \xe4\xbd", false) + client_frame(more, "\xa0") +
        client_frame(binary, std::string("\xff\0", 2)) + client_frame(text, "") +
        client_frame(binary, std::string(300, 'b')) + client_frame(closing, close_payload(1001, "bye"));
    const std::string expected =
        "text one two \xe4\xbd\xa0\nbinary \xff"s + '\0' + "\ntext \nbinary " + std::string(300, 'b') + "\n";
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U, 1000U}) {
        CAPTURE(piece);
        CHECK(answer(all, "/", piece) == server_frame(pong, "?") + server_close(1001));
        CHECK(heard == expected);
        CHECK(ended == errc::cancelled);
        CHECK(code == 1001);
    }
}

TEST_CASE_FIXTURE(listening_fixture, "lengths of every form are read, and messages of any size") {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 511U, 512U, 513U, 5000U, 65535U, 65536U, 1048576U}) {
        CAPTURE(size);
        std::string payload(size, '\0');
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 31 >> 3);
        for (const std::size_t piece : {1000U, 70'000U, 2'000'000U}) {
            answer(client_frame(binary, payload), "/", piece);
            CHECK((heard == "binary " + payload + "\n"));
        }
    }
}

TEST_CASE_FIXTURE(listening_fixture, "protocol violations are closed with 1002") {
    const std::pair<const char*, std::string> cases[] = {
        {"an unmasked frame", bytes({0x81, 0x05}) + "Hello"},
        {"RSV1, which is compression that wasn't agreed on", bytes({0xc1, 0x80, 1, 2, 3, 4})},
        {"RSV2", bytes({0xa1, 0x80, 1, 2, 3, 4})},
        {"RSV3", bytes({0x91, 0x80, 1, 2, 3, 4})},
        {"RSV1 of a ping", bytes({0xc9, 0x80, 1, 2, 3, 4})},
        {"RSV1 of a continuation", client_frame(text, "x", false) + bytes({0xc0, 0x80, 1, 2, 3, 4})},
        {"opcode 3", bytes({0x83, 0x80, 1, 2, 3, 4})},
        {"opcode 7", bytes({0x87, 0x80, 1, 2, 3, 4})},
        {"opcode 11", bytes({0x8b, 0x80, 1, 2, 3, 4})},
        {"opcode 15", bytes({0x8f, 0x80, 1, 2, 3, 4})},
        {"a fragmented ping", bytes({0x09, 0x80, 1, 2, 3, 4})},
        {"a ping of 126 bytes", bytes({0x89, 0xfe, 0, 126, 1, 2, 3, 4})},
        {"nothing to continue", client_frame(more, "x")},
        {"a message inside another", client_frame(text, "x", false) + client_frame(text, "y")},
        {"125 in two bytes", bytes({0x82, 0xfe, 0x00, 0x7d, 1, 2, 3, 4})},
        {"65535 in eight bytes", bytes({0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4})},
        {"a close of one byte", client_frame(closing, "x")},
        {"a close with 999", client_frame(closing, close_payload(999))},
        {"a close with 1004", client_frame(closing, close_payload(1004))},
        {"a close with 1005", client_frame(closing, close_payload(1005))},
        {"a close with 1006", client_frame(closing, close_payload(1006))},
        {"a close with 1015", client_frame(closing, close_payload(1015))},
        {"a close with 2999", client_frame(closing, close_payload(2999))},
        {"a close's reason that isn't UTF-8", client_frame(closing, close_payload(1000, "\xff"))},
    };
    for (const auto& one : cases) {
        CAPTURE(one.first);
        CHECK(refusal(one.second) == 1002);
        CHECK(heard.empty());
    }
}

TEST_CASE_FIXTURE(listening_fixture, "text that isn't UTF-8 is closed with 1007, and bytes may be anything") {
    CHECK(refusal(client_frame(text, "\xc3\x28")) == 1007);
    CHECK(refusal(client_frame(text, "\xe4\xbd")) == 1007);
    CHECK(refusal(client_frame(text, "\xe4", false) + client_frame(more, "x")) == 1007);
    CHECK(refusal(client_frame(text, "\xe4", false) + client_frame(more, "")) == 1007);
    CHECK(refusal(client_frame(text, "\xed\xa0\x80")) == 1007);
    CHECK(heard.empty());
    CHECK(answer(client_frame(binary, "\xc3\x28")).empty());
    CHECK(heard == "binary \xc3\x28\n");
}

TEST_CASE_FIXTURE(listening_fixture,
                  "a message over the limit is closed with 1009 at its frame's head, counting all fragments") {
    answer(client_frame(text, "12345678"), "/small");
    CHECK(heard == "text 12345678\n");
    CHECK(refusal(client_frame(text, "123456789").substr(0, 6), "/small") == 1009);
    CHECK(refusal(client_frame(text, "12345", false) + client_frame(more, "6789").substr(0, 6), "/small") == 1009);
    CHECK(refusal(bytes({0x82, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4})) == 1009);
    answer(client_frame(text, "12345") + client_frame(text, "6789"), "/small");
    CHECK(heard == "text 12345\ntext 6789\n");
    CHECK(answer(client_frame(ping, "123456789") + client_frame(text, "1"), "/small") ==
          server_frame(pong, "123456789"));
    CHECK(heard == "text 1\n");
}
