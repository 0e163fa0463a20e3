// SPDX-License-Identifier: MIT
#include "mqtt/session.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;
using namespace weir::mqtt::detail;
using namespace std::string_literals;
using weir::mqtt::qos;

namespace {

struct session_fixture {
    session talk{true, 3};
    std::string out{};
    std::vector<std::string> ended{}; // payloads, with the error's code

    session_fixture() { talk.resume(false, out); }

    void publish(const std::string& payload, std::uint8_t level) {
        auto made = std::make_unique<outgoing>(outgoing{"t", payload, level, false, {}});
        made->done = [this, payload](const error& why) {
            ended.push_back(why ? payload + ":" + std::string(why.code()) : payload);
        };
        talk.publish(std::move(made), out);
    }
    result<std::optional<incoming>> acknowledged(packet_type type, std::uint16_t id) {
        const std::string body{static_cast<char>(id >> 8), static_cast<char>(id & 0xff)};
        return talk.receive({type, static_cast<std::uint8_t>(type == packet_type::pubrel ? 2 : 0), body}, out);
    }
    std::optional<incoming> arrives(std::uint8_t level, std::uint16_t id, bool duplicate = false) {
        std::string bytes;
        write_publish(bytes, {"t", "in", id, level, false, duplicate});
        return talk
            .receive({packet_type::publish, static_cast<std::uint8_t>(level << 1 | (duplicate ? 8 : 0)),
                      std::string_view(bytes).substr(2)},
                     out)
            .value();
    }
    // The types and ids of the packets written so far; `d` marks a repeated PUBLISH.
    std::string written() {
        packet_reader reader(1 << 20);
        reader.feed(out);
        out.clear();
        std::string all;
        while (const auto one = reader.next().value()) {
            all += std::to_string(static_cast<int>(one->type));
            if (one->type != packet_type::publish) {
                all += "." + std::to_string(one->body.at(0) << 8 | one->body.at(1)) + " ";
                continue;
            }
            const auto text = read_publish(*one).value();
            all += (text.duplicate ? "d." : ".") + std::to_string(text.id) + " ";
        }
        return all;
    }
};

} // namespace

TEST_CASE_FIXTURE(session_fixture, "QoS 1 ends at PUBACK, QoS 2 at PUBCOMP after PUBREL") {
    publish("one", 1);
    publish("two", 2);
    CHECK(written() == "3.1 3.2 ");
    CHECK(acknowledged(packet_type::puback, 1));
    CHECK(ended == std::vector<std::string>{"one"});
    CHECK(acknowledged(packet_type::pubrec, 2));
    CHECK(written() == "6.2 ");
    CHECK(acknowledged(packet_type::pubcomp, 2));
    CHECK(ended == std::vector<std::string>{"one", "two"});
    CHECK(talk.quiet());
}

TEST_CASE_FIXTURE(session_fixture, "a session that the broker kept is resumed in order, as repetitions") {
    publish("one", 1);
    publish("two", 2);
    publish("three", 2);
    CHECK_FALSE(talk.has_room());
    CHECK(acknowledged(packet_type::pubrec, 2));
    out.clear();
    talk.resume(true, out);
    CHECK(written() == "3d.1 6.2 3d.3 ");
}

TEST_CASE_FIXTURE(session_fixture, "a session that the broker lost begins again, without what it had received") {
    publish("one", 1);
    publish("two", 2);
    publish("three", 2);
    CHECK(acknowledged(packet_type::pubrec, 2));
    out.clear();
    talk.resume(false, out);
    CHECK(written() == "3.1 3.3 ");
    CHECK(ended == std::vector<std::string>{"two"});
}

TEST_CASE("without a persistent session, the outcome of QoS 2 is unknown after a lost connection") {
    session talk(false, 3);
    std::string out;
    talk.resume(false, out);
    std::string code;
    auto made = std::make_unique<outgoing>(outgoing{"t", "", 2, false, {}});
    made->done = [&](const error& why) { code = why.code(); };
    talk.publish(std::move(made), out);
    talk.resume(false, out);
    CHECK(code == outcome_unknown_code);
}

TEST_CASE_FIXTURE(session_fixture, "QoS 2 is delivered once, however often it is sent") {
    const auto first = arrives(2, 5);
    REQUIRE(first);
    CHECK_FALSE(arrives(2, 5, true));
    CHECK(written().empty());
    talk.acknowledge(first->id, 2, first->session, out);
    CHECK(written() == "5.5 ");
    CHECK_FALSE(arrives(2, 5, true));
    CHECK(written() == "5.5 ");
    CHECK(acknowledged(packet_type::pubrel, 5));
    CHECK(written() == "7.5 ");
    CHECK(arrives(2, 5));
}

TEST_CASE_FIXTURE(session_fixture, "QoS 1 isn't delivered twice while its handler runs") {
    const auto first = arrives(1, 5);
    REQUIRE(first);
    CHECK_FALSE(arrives(1, 5, true));
    talk.acknowledge(first->id, 1, first->session, out);
    CHECK(written() == "4.5 ");
    CHECK(arrives(1, 5, true));
}

TEST_CASE_FIXTURE(session_fixture, "an acknowledgement of a lost session is void") {
    const auto first = arrives(1, 5);
    REQUIRE(first);
    talk.resume(false, out);
    out.clear();
    talk.acknowledge(first->id, 1, first->session, out);
    CHECK(out.empty());
}

TEST_CASE_FIXTURE(session_fixture, "packets that a broker never sends end the connection") {
    publish("one", 1);
    CHECK(acknowledged(packet_type::pubrec, 1).has_error());
    CHECK(acknowledged(packet_type::pubcomp, 1).has_error());
    CHECK(acknowledged(packet_type::puback, 9)); // a repetition
    CHECK(talk.receive({packet_type::connect, 0, ""}, out).has_error());
    CHECK(talk.receive({packet_type::connack, 0, "\0\0"s}, out).has_error());
    CHECK(talk.receive({packet_type::suback, 0, "\0\7\0"s}, out).has_error());
}

TEST_CASE_FIXTURE(session_fixture, "requests end with their answers or with their connection") {
    std::vector<int> codes;
    const auto note = [&](const result<std::uint8_t>& code) { codes.push_back(code ? *code : -1); };
    talk.subscribe("a", 1, out, note);
    talk.unsubscribe("b", out, note);
    CHECK(written() == "8.1 10.2 ");
    CHECK(talk.receive({packet_type::suback, 0, "\0\1\x80"s}, out));
    talk.disconnected(errc::unavailable);
    CHECK(codes == std::vector<int>{128, -1});
}
