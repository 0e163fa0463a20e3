// SPDX-License-Identifier: MIT
#pragma once

#include "mqtt/packet.hpp"
#include <weir/mqtt/client.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::mqtt::detail {

/// A message on its way to the broker.
struct outgoing {
    std::string topic{};
    std::string payload{};
    std::uint8_t qos = 0;
    bool retain = false;
    std::function<void(error)> done{}; ///< called once, with no error when the broker has taken it
};

/// A message from the broker that wasn't acknowledged yet.
struct incoming {
    mqtt::message content{};
    std::uint16_t id = 0;      ///< 0 for QoS 0
    std::uint64_t session = 0; ///< its session's number: an acknowledgement for an older session is void
};

/// The client's side of an MQTT session, without I/O: packets in, packets out. It outlives connections. Belongs to one
/// loop.
class session {
public:
    /// Whether the broker keeps the session while there is no connection.
    session(bool persistent, std::size_t most_in_flight) noexcept
        : persistent_(persistent), most_in_flight_(most_in_flight) {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Begins to talk on a new connection, whose CONNACK says whether the broker has the session. Sends again what is
    /// in flight.
    void resume(bool present, std::string& out);
    /// Whether `publish` may be called: fewer messages are in flight than allowed.
    bool has_room() const noexcept { return in_flight_.size() < most_in_flight_; }
    /// Sends a message. QoS 0 is not tracked: the caller completes it.
    void publish(std::unique_ptr<outgoing> what, std::string& out);
    /// Sends a request; `done` is called with the broker's return code.
    using answered = std::function<void(result<std::uint8_t>)>;
    void subscribe(std::string_view filter, std::uint8_t qos, std::string& out, answered done);
    void unsubscribe(std::string_view filter, std::string& out, answered done);

    /// Processes a packet; returns a message to deliver, if it is one. An error is a violation of the protocol, after
    /// which the connection must end.
    result<std::optional<incoming>> receive(const packet& one, std::string& out);
    /// Acknowledges a delivered message.
    void acknowledge(std::uint16_t id, std::uint8_t qos, std::uint64_t session, std::string& out);

    /// Forgets a message that couldn't be delivered, so that it is when it is repeated.
    void forget(const incoming& one) noexcept { received_.erase(one.id); }

    /// Ends the requests that wait for an answer, since their connection is lost.
    void disconnected(const error& why);
    /// Ends everything that waits.
    void close(const error& why);

    std::size_t in_flight() const noexcept { return in_flight_.size(); }
    /// Whether all packets have been answered.
    bool quiet() const noexcept { return in_flight_.empty() && requests_.empty(); }

private:
    enum class awaits : std::uint8_t { puback, pubrec, pubcomp };
    enum class received : std::uint8_t { delivered, acknowledged };

    struct sent {
        std::uint16_t id = 0;
        awaits state = awaits::puback;
        std::unique_ptr<outgoing> what{};
    };
    struct request {
        packet_type answer{};
        answered done{};
    };

    std::uint16_t next_id();
    bool is_used(std::uint16_t id) const noexcept;
    void restart(std::string& out);
    void send_again(sent& one, bool duplicate, std::string& out);
    void end_at(std::list<sent>::iterator at, error why);
    std::list<sent>::iterator find(std::uint16_t id) noexcept;
    result<void> take_acknowledgement(const packet& one, std::string& out);
    result<void> take_answer(const packet& one);
    result<std::optional<incoming>> take_publish(const packet& one, std::string& out);
    void take_release(std::uint16_t id, std::string& out);

    const bool persistent_;
    const std::size_t most_in_flight_;
    std::uint16_t last_id_ = 0;
    std::uint64_t number_ = 0;
    std::list<sent> in_flight_{}; // in the order of sending
    std::map<std::uint16_t, request> requests_{};
    std::map<std::uint16_t, received> received_{};
};

} // namespace weir::mqtt::detail
