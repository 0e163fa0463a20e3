// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::mqtt::detail {

/// The control packets of MQTT 3.1.1 (http://docs.oasis-open.org/mqtt/mqtt/v3.1.1).
enum class packet_type : std::uint8_t {
    connect = 1,
    connack,
    publish,
    puback,
    pubrec,
    pubrel,
    pubcomp,
    subscribe,
    suback,
    unsubscribe,
    unsuback,
    pingreq,
    pingresp,
    disconnect,
};

struct packet {
    packet_type type{};
    std::uint8_t flags = 0;
    std::string_view body{}; ///< valid until the reader's next call
};

/// Splits a stream of bytes into packets.
class packet_reader {
public:
    explicit packet_reader(std::size_t largest) noexcept : largest_(largest) {}

    void feed(std::string_view bytes);
    /// Forgets the bytes of an earlier stream.
    void clear() noexcept {
        bytes_.clear();
        used_ = 0;
    }
    /// Returns the next whole packet, nothing if more bytes are needed, or errc::too_large or errc::invalid_argument
    /// for a stream that can't be read any further.
    result<std::optional<packet>> next();

private:
    std::string bytes_;
    std::size_t used_ = 0;
    const std::size_t largest_;
};

struct will_text {
    std::string_view topic{};
    std::string_view payload{};
    std::uint8_t qos = 0;
    bool retain = false;
};

struct connect_text {
    std::string_view client_id{};
    bool clean_session = true;
    std::uint16_t keep_alive = 0; ///< seconds
    std::optional<std::string_view> user{};
    std::optional<std::string_view> password{};
    std::optional<will_text> will{};
};

struct publish_text {
    std::string_view topic{};
    std::string_view payload{};
    std::uint16_t id = 0; ///< 0 for QoS 0
    std::uint8_t qos = 0;
    bool retain = false;
    bool duplicate = false;
};

// Append a packet.
void write_connect(std::string& out, const connect_text& what);
void write_publish(std::string& out, const publish_text& what);
void write_acknowledgement(std::string& out, packet_type type, std::uint16_t id);
void write_subscribe(std::string& out, std::uint16_t id, std::string_view filter, std::uint8_t qos);
void write_unsubscribe(std::string& out, std::uint16_t id, std::string_view filter);
void write_empty(std::string& out, packet_type type);

struct connack_text {
    bool session_present = false;
    std::uint8_t code = 0;
};

// Read a packet's body; errc::invalid_argument for a malformed one.
result<connack_text> read_connack(const packet& from);
result<publish_text> read_publish(const packet& from);
/// The packet identifier of an acknowledgement, a SUBACK or an UNSUBACK.
result<std::uint16_t> read_id(const packet& from);
/// The first return code of a SUBACK.
result<std::uint8_t> read_suback(const packet& from);

/// The error of a CONNACK's return code.
error refusal(std::uint8_t code);

} // namespace weir::mqtt::detail
