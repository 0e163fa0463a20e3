// SPDX-License-Identifier: MIT
#include "mqtt/packet.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::mqtt::detail;
using namespace std::string_literals;

namespace {

std::optional<packet> only_packet(packet_reader& reader, std::string_view bytes) {
    reader.feed(bytes);
    return reader.next().value();
}

} // namespace

TEST_CASE("a CONNECT has the standard's layout") {
    std::string out;
    connect_text text;
    text.client_id = "c";
    text.keep_alive = 60;
    text.user = "u";
    text.password = "p";
    text.will = will_text{"t", "m", 1, true};
    write_connect(out, text);
    CHECK(out == "\x10\x19\0\4MQTT\4\xee\0\x3c\0\1c\0\1t\0\1m\0\1u\0\1p"s);
}

TEST_CASE("a PUBLISH survives writing and reading, byte by byte") {
    for (const std::size_t size : {0u, 1u, 127u, 128u, 16383u, 20000u}) {
        std::string out;
        const std::string payload(size, 'x');
        write_publish(out, {"a/b", payload, 7, 2, true, true});
        packet_reader reader(1 << 20);
        std::optional<packet> found;
        for (std::size_t at = 0; at < out.size(); ++at) {
            CHECK_FALSE(found);
            found = only_packet(reader, std::string_view(out).substr(at, 1));
        }
        REQUIRE(found);
        const auto text = read_publish(*found).value();
        CHECK(text.topic == "a/b");
        CHECK(text.payload == payload);
        CHECK(text.id == 7);
        CHECK(text.qos == 2);
        CHECK(text.retain);
        CHECK(text.duplicate);
    }
}

TEST_CASE("streams that can't be read end with an error") {
    const auto failure = [](std::string_view bytes, std::size_t largest = 100) {
        packet_reader reader(largest);
        reader.feed(bytes);
        return reader.next().error().kind();
    };
    CHECK(failure("\0\0"s) == errc::invalid_argument);       // type 0
    CHECK(failure("\xf0\0"s) == errc::invalid_argument);     // type 15
    CHECK(failure("\x41\2\0\1"s) == errc::invalid_argument); // flags of a PUBACK
    CHECK(failure("\x60\2\0\1"s) == errc::invalid_argument); // a PUBREL without its flags
    CHECK(failure("\x30\xff\xff\xff\xff"s) == errc::invalid_argument);
    CHECK(failure("\x30\xff\xff\xff\x7f"s) == errc::too_large);
    CHECK(failure("\x30\x65"s) == errc::too_large);
}

TEST_CASE("malformed bodies are refused") {
    const auto refuses = [](std::uint8_t flags, std::string_view body) {
        return read_publish({packet_type::publish, flags, body}).has_error();
    };
    CHECK(refuses(6, "\0\1a\0\1"s)); // QoS 3
    CHECK(refuses(0, ""));
    CHECK(refuses(0, "\0\0"s));
    CHECK(refuses(0, "\0\2a"s));
    CHECK(refuses(0, "\0\1+"s));
    CHECK(refuses(0, "\0\1\0"s));
    CHECK(refuses(0, "\0\1\xff"s));
    CHECK(refuses(2, "\0\1a\0"s));
    CHECK(refuses(2, "\0\1a\0\0"s));
    CHECK_FALSE(refuses(0, "\0\1a"s));
    CHECK(read_connack({packet_type::connack, 0, "\0"s}).has_error());
    CHECK(read_connack({packet_type::connack, 0, "\2\0"s}).has_error());
    CHECK(read_id({packet_type::puback, 0, "\0\0"s}).has_error());
    CHECK(read_suback({packet_type::suback, 0, "\0\1\3"s}).has_error());
}
