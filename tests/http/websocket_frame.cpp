// SPDX-License-Identifier: MIT
#include "http/websocket_frame.hpp"

#include "support/websocket_frames.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace weir::http::detail;
using test_support::client_frame;
using test_support::close_payload;
using namespace std::string_literals;

namespace {

constexpr int text = 1, binary = 2, closing = 8, ping = 9, pong = 10, more = 0;

// What a reader makes of the bytes, one line an event.
struct reading {
    frame_reader reader;
    std::vector<std::string> events{};

    explicit reading(std::size_t most = 1 << 20) : reader(most) {}

    reading& feed(std::string_view bytes) {
        while (true) {
            const frame_event event = reader.read(bytes);
            if (event == frame_event::more) return *this;
            events.push_back(line(event));
            if (event == frame_event::failed) return *this;
        }
    }

    std::string line(frame_event event) {
        switch (event) {
        case frame_event::text:
            return "text " + reader.message();
        case frame_event::binary:
            return "binary " + reader.message();
        case frame_event::ping:
            return "ping " + std::string(reader.control());
        case frame_event::pong:
            return "pong " + std::string(reader.control());
        case frame_event::close:
            return "close " + std::to_string(reader.code()) + " " + std::string(reader.control());
        case frame_event::failed:
            return "failed " + std::to_string(reader.code());
        case frame_event::more:
            break;
        }
        return "more";
    }
};

std::vector<std::string> read_all(std::string_view bytes, std::size_t most = 1 << 20) {
    return reading(most).feed(bytes).events;
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("the examples of RFC 6455 section 5.7 read as it says") {
    CHECK(read_all("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s) == lines{"text Hello"});
    CHECK(read_all(client_frame(text, "Hel", false) + client_frame(more, "lo")) == lines{"text Hello"});
    CHECK(read_all("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s) == lines{"pong Hello"});
}

TEST_CASE("frames are written as RFC 6455 section 5.7 shows them") {
    std::string out;
    append_frame(opcode::text, "Hello", out);
    CHECK(out == "\x81\x05Hello");
    out.clear();
    append_frame(opcode::ping, "Hello", out);
    CHECK(out == "\x89\x05Hello");
    out.clear();
    append_frame(opcode::binary, std::string(256, 'x'), out);
    CHECK(out == "\x82\x7e\x01\x00"s + std::string(256, 'x'));
    out.clear();
    append_frame(opcode::binary, std::string(65536, 'x'), out);
    CHECK(out == "\x82\x7f\0\0\0\0\0\x01\0\0"s + std::string(65536, 'x'));
    out.clear();
    append_frame(opcode::text, std::string(125, 'x'), out);
    append_frame(opcode::text, std::string(126, 'x'), out);
    CHECK(out.substr(0, 2) == "\x81\x7d");
    CHECK(out.substr(127, 4) == "\x81\x7e\0\x7e"s);
}

TEST_CASE("a close frame carries its code and reason, or nothing at all") {
    std::string out;
    append_close(1000, "bye", out);
    append_close(1005, {}, out);
    CHECK(out == "\x88\x05\x03\xe8"s + "bye" + "\x88\0"s);
}

TEST_CASE("messages come whole, with control frames between their fragments") {
    const std::string bytes =
        client_frame(text, "one ", false) + client_frame(ping, "?") + client_frame(more, "", false) +
        client_frame(pong, "!") + client_frame(more, "two \xe4\xbd", false) + client_frame(more, "\xa0") +
        client_frame(binary, std::string("\xff\0", 2)) + client_frame(binary, std::string(300, 'b')) +
        client_frame(closing, close_payload(1001, "bye"));
    const lines expected{"ping ?",
                         "pong !",
                         "text one two \xe4\xbd\xa0",
                         std::string("binary \xff\0", 9),
                         "binary " + std::string(300, 'b'),
                         "close 1001 bye"};
    CHECK(read_all(bytes) == expected);

    SUBCASE("wherever the bytes are split") {
        for (std::size_t split = 1; split < bytes.size(); ++split) {
            CAPTURE(split);
            reading parts;
            parts.feed(std::string_view(bytes).substr(0, split));
            parts.feed(std::string_view(bytes).substr(split));
            CHECK(parts.events == expected);
        }
    }
    SUBCASE("byte by byte") {
        reading parts;
        for (std::size_t i = 0; i < bytes.size(); ++i) parts.feed(std::string_view(bytes).substr(i, 1));
        CHECK(parts.events == expected);
    }
}

TEST_CASE("lengths of every form are read") {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 100000U}) {
        CAPTURE(size);
        const std::string payload(size, 'x');
        CHECK(read_all(client_frame(binary, payload)) == lines{"binary " + payload});
    }
}

TEST_CASE("what breaks the protocol fails with 1002") {
    const auto bytes = [](std::initializer_list<int> all) {
        std::string out;
        for (const int one : all) out.push_back(static_cast<char>(one));
        return out;
    };
    const std::pair<const char*, std::string> cases[] = {
        {"an unmasked frame", bytes({0x81, 0x05})},
        {"RSV1, which is compression that wasn't agreed on", bytes({0xc1, 0x80})},
        {"RSV2", bytes({0xa1, 0x80})},
        {"RSV3", bytes({0x91, 0x80})},
        {"opcode 3", bytes({0x83, 0x80})},
        {"opcode 7", bytes({0x87, 0x80})},
        {"opcode 11", bytes({0x8b, 0x80})},
        {"opcode 15", bytes({0x8f, 0x80})},
        {"a fragmented ping", bytes({0x09, 0x80})},
        {"a ping of 126 bytes", bytes({0x89, 0xfe})},
        {"nothing to continue", client_frame(more, "x")},
        {"a message inside another", client_frame(text, "x", false) + client_frame(text, "y")},
        {"125 in two bytes", bytes({0x82, 0xfe, 0x00, 0x7d, 1, 2, 3, 4})},
        {"65535 in eight bytes", bytes({0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4})},
        {"a length of 64 bits", bytes({0x82, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4})},
        {"a close of one byte", client_frame(closing, "x")},
        {"a close with 999", client_frame(closing, close_payload(999))},
        {"a close with 1004", client_frame(closing, close_payload(1004))},
        {"a close with 1005", client_frame(closing, close_payload(1005))},
        {"a close with 1006", client_frame(closing, close_payload(1006))},
        {"a close with 1015", client_frame(closing, close_payload(1015))},
        {"a close with 2999", client_frame(closing, close_payload(2999))},
        {"a close with 5000", client_frame(closing, close_payload(5000))},
    };
    for (const auto& one : cases) {
        CAPTURE(one.first);
        const lines events = read_all(one.second);
        REQUIRE(events.size() == 1);
        CHECK(events[0] == "failed 1002");
    }
}

TEST_CASE("text and reasons that aren't UTF-8 fail with 1007, and bytes may be anything") {
    CHECK(read_all(client_frame(text, "\xc3\x28")) == lines{"failed 1007"});
    CHECK(read_all(client_frame(text, "\xe4\xbd")) == lines{"failed 1007"});
    CHECK(read_all(client_frame(text, "\xe4", false) + client_frame(more, "x")) == lines{"failed 1007"});
    CHECK(read_all(client_frame(closing, close_payload(1000, "\xff"))) == lines{"failed 1007"});
    CHECK(read_all(client_frame(binary, "\xc3\x28")) == lines{"binary \xc3\x28"});
}

TEST_CASE("a message beyond the limit fails with 1009 at its frame's head, fragments counted together") {
    CHECK(read_all(client_frame(text, "12345678"), 8) == lines{"text 12345678"});
    CHECK(read_all(client_frame(text, "123456789").substr(0, 6), 8) == lines{"failed 1009"});
    CHECK(read_all(client_frame(text, "12345", false) + client_frame(more, "6789").substr(0, 6), 8) ==
          lines{"failed 1009"});
    CHECK(read_all(client_frame(text, "12345") + client_frame(text, "6789"), 8) == lines{"text 12345", "text 6789"});
    CHECK(read_all(client_frame(ping, "123456789") + client_frame(text, "1"), 8) == lines{"ping 123456789", "text 1"});
}

TEST_CASE("a close without a code is 1005") { CHECK(read_all(client_frame(closing, "")) == lines{"close 1005 "}); }
