// SPDX-License-Identifier: MIT
#include "mqtt/packet.hpp"

#include <weir/core/utf8.hpp>

#include <fmt/format.h>

#include <array>

namespace weir::mqtt::detail {

namespace {

constexpr std::uint8_t reserved_flags = 2; // of PUBREL, SUBSCRIBE and UNSUBSCRIBE

void put16(std::string& out, std::size_t number) {
    out += static_cast<char>(number >> 8);
    out += static_cast<char>(number & 0xff);
}

void put_text(std::string& out, std::string_view text) {
    put16(out, text.size());
    out += text;
}

void begin(std::string& out, packet_type type, std::uint8_t flags, std::size_t size) {
    out += static_cast<char>(static_cast<unsigned>(type) << 4 | flags);
    do {
        const auto low = static_cast<unsigned char>(size % 128);
        size /= 128;
        out += static_cast<char>(size > 0 ? low | 128 : low);
    } while (size > 0);
}

std::uint16_t get16(std::string_view from) noexcept {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(from[0]) << 8 | static_cast<unsigned char>(from[1]));
}

error malformed(const packet& from, std::string_view why) {
    return {errc::invalid_argument,
            fmt::format("malformed MQTT packet of type {}: {}", static_cast<unsigned>(from.type), why)};
}

// The remaining length of a packet and the size of its field; nothing if the field is incomplete.
struct length_field {
    std::size_t size = 0;
    std::size_t length = 0;
    bool broken = false;
};

std::optional<length_field> read_length(std::string_view bytes) noexcept {
    length_field field;
    for (unsigned shift = 0; field.size < bytes.size(); shift += 7) {
        if (field.size == 4) return length_field{0, 0, true};
        const auto byte = static_cast<unsigned char>(bytes[field.size++]);
        field.length |= static_cast<std::size_t>(byte & 127) << shift;
        if ((byte & 128) == 0) return field;
    }
    if (field.size >= 4) return length_field{0, 0, true};
    return std::nullopt;
}

bool known_type(unsigned type) noexcept { return type >= 1 && type <= 14; }

// Three types have flags that must be 2, PUBLISH has its own, all others have none (2.2.2).
bool flags_fit(packet_type type, std::uint8_t flags) noexcept {
    if (type == packet_type::publish) return true;
    const bool reserved =
        type == packet_type::pubrel || type == packet_type::subscribe || type == packet_type::unsubscribe;
    return flags == (reserved ? reserved_flags : 0);
}

} // namespace

void packet_reader::feed(std::string_view bytes) {
    bytes_.erase(0, used_);
    used_ = 0;
    bytes_ += bytes;
}

result<std::optional<packet>> packet_reader::next() {
    const std::string_view rest = std::string_view(bytes_).substr(used_);
    if (rest.size() < 2) return std::optional<packet>();
    const auto first = static_cast<unsigned char>(rest[0]);
    const auto type = static_cast<packet_type>(first >> 4);
    const auto flags = static_cast<std::uint8_t>(first & 15);
    if (!known_type(first >> 4) || !flags_fit(type, flags))
        return error(errc::invalid_argument, fmt::format("an MQTT packet can't begin with the byte {}", first));
    const auto field = read_length(rest.substr(1));
    if (!field) return std::optional<packet>();
    if (field->broken) return error(errc::invalid_argument, "an MQTT packet's length has more than four bytes");
    if (field->length > largest_)
        return error(errc::too_large, fmt::format("an MQTT packet of {} bytes exceeds the limit of {}: raise "
                                                  "client_options.max_packet",
                                                  field->length, largest_));
    const std::size_t head = 1 + field->size;
    if (rest.size() < head + field->length) return std::optional<packet>();
    used_ += head + field->length;
    return std::optional(packet{type, flags, rest.substr(head, field->length)});
}

void write_connect(std::string& out, const connect_text& what) {
    std::string body;
    put_text(body, "MQTT");
    body += '\4'; // MQTT 3.1.1
    unsigned flags = what.clean_session ? 2 : 0;
    if (what.will) flags |= 4u | static_cast<unsigned>(what.will->qos) << 3 | (what.will->retain ? 32u : 0u);
    if (what.password) flags |= 64;
    if (what.user) flags |= 128;
    body += static_cast<char>(flags);
    put16(body, what.keep_alive);
    put_text(body, what.client_id);
    if (what.will) {
        put_text(body, what.will->topic);
        put_text(body, what.will->payload);
    }
    if (what.user) put_text(body, *what.user);
    if (what.password) put_text(body, *what.password);
    begin(out, packet_type::connect, 0, body.size());
    out += body;
}

void write_publish(std::string& out, const publish_text& what) {
    const unsigned flags = (what.duplicate ? 8u : 0u) | static_cast<unsigned>(what.qos) << 1 | (what.retain ? 1u : 0u);
    const std::size_t id_size = what.qos > 0 ? 2 : 0;
    begin(out, packet_type::publish, static_cast<std::uint8_t>(flags),
          2 + what.topic.size() + id_size + what.payload.size());
    put_text(out, what.topic);
    if (what.qos > 0) put16(out, what.id);
    out += what.payload;
}

void write_acknowledgement(std::string& out, packet_type type, std::uint16_t id) {
    begin(out, type, type == packet_type::pubrel ? reserved_flags : 0, 2);
    put16(out, id);
}

void write_subscribe(std::string& out, std::uint16_t id, std::string_view filter, std::uint8_t qos) {
    begin(out, packet_type::subscribe, reserved_flags, 2 + 2 + filter.size() + 1);
    put16(out, id);
    put_text(out, filter);
    out += static_cast<char>(qos);
}

void write_unsubscribe(std::string& out, std::uint16_t id, std::string_view filter) {
    begin(out, packet_type::unsubscribe, reserved_flags, 2 + 2 + filter.size());
    put16(out, id);
    put_text(out, filter);
}

void write_empty(std::string& out, packet_type type) { begin(out, type, 0, 0); }

result<connack_text> read_connack(const packet& from) {
    if (from.body.size() != 2) return malformed(from, "its size isn't 2");
    const auto flags = static_cast<unsigned char>(from.body[0]);
    if (flags > 1) return malformed(from, "reserved flags are set");
    return connack_text{flags == 1, static_cast<std::uint8_t>(from.body[1])};
}

result<publish_text> read_publish(const packet& from) {
    publish_text all;
    all.duplicate = (from.flags & 8) != 0;
    all.retain = (from.flags & 1) != 0;
    all.qos = static_cast<std::uint8_t>(from.flags >> 1 & 3);
    if (all.qos == 3) return malformed(from, "QoS 3");
    std::string_view rest = from.body;
    if (rest.size() < 2) return malformed(from, "no topic");
    const std::size_t size = get16(rest);
    rest.remove_prefix(2);
    if (size == 0 || rest.size() < size) return malformed(from, "the topic is incomplete");
    all.topic = rest.substr(0, size);
    if (!is_utf8(all.topic) || all.topic.find_first_of(std::string_view("+#\0", 3)) != std::string_view::npos)
        return malformed(from, "the topic isn't a topic's name");
    rest.remove_prefix(size);
    if (all.qos > 0) {
        if (rest.size() < 2 || get16(rest) == 0) return malformed(from, "no packet identifier");
        all.id = get16(rest);
        rest.remove_prefix(2);
    }
    all.payload = rest;
    return all;
}

result<std::uint16_t> read_id(const packet& from) {
    const bool longer = from.type == packet_type::suback;
    if (longer ? from.body.size() < 3 : from.body.size() != 2) return malformed(from, "a wrong size");
    const std::uint16_t id = get16(from.body);
    if (id == 0) return malformed(from, "packet identifier 0");
    return id;
}

result<std::uint8_t> read_suback(const packet& from) {
    if (from.body.size() < 3) return malformed(from, "no return code");
    const auto code = static_cast<std::uint8_t>(from.body[2]);
    if (code > 2 && code != 0x80) return malformed(from, "an unknown return code");
    return code;
}

error refusal(std::uint8_t code) {
    switch (code) {
    case 1:
        return {errc::unimplemented, "the MQTT broker doesn't support MQTT 3.1.1"};
    case 2:
        return {errc::invalid_argument, "the MQTT broker refuses the client id"};
    case 3:
        return {errc::unavailable, "the MQTT broker is unavailable"};
    case 4:
        return {errc::unauthenticated, "the MQTT broker refuses the user name or password"};
    case 5:
        return {errc::permission_denied, "the MQTT broker doesn't permit the connection"};
    default:
        return {errc::unknown, fmt::format("the MQTT broker refuses the connection with code {}", code)};
    }
}

} // namespace weir::mqtt::detail
