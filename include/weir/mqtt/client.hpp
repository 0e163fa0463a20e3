// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/mqtt/topic.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::mqtt {

/// The quality of service of a message: how often it arrives.
enum class qos : std::uint8_t { at_most_once, at_least_once, exactly_once };

/// A message that a subscription has received.
struct message {
    std::string topic{};
    std::string payload{};
    qos level = qos::at_most_once;
    bool retained = false;  ///< the topic's last message, published before the subscription
    bool duplicate = false; ///< the broker may have sent it before
};

/// A message that the broker publishes when the client's connection is lost without a `close()`.
struct last_will {
    std::string topic{};
    std::string payload{};
    qos level = qos::at_least_once;
    bool retain = false;
};

struct tls_options {
    std::string authorities{}; ///< file of PEM certificates that are trusted; empty: the system's
    std::string certificate{}; ///< file with the client's PEM certificate chain; empty: none
    std::string key{};         ///< file with its PEM key
    std::string server_name{}; ///< name in the broker's certificate; empty: the host of the URL
};

struct client_event {
    enum class what : std::uint8_t { connected, connect_failed, disconnected, handler_failed, dropped };
    what kind = what::connected;
    std::string_view server{};
    std::string_view topic{}; ///< of handler_failed and dropped
    error failure{};
};

struct client_options {
    std::string name = "mqtt"; ///< in metrics
    /// `mqtt://host[:1883]` or `mqtts://host[:8883]`; after a failure the next one is tried.
    std::vector<std::string> servers{"mqtt://127.0.0.1:1883"};
    std::string client_id{};   ///< 1 to 65,535 bytes; empty: a random one, which needs `clean_session`
    bool clean_session = true; ///< false: the broker keeps subscriptions and messages while the client is away
    std::string user{};
    std::string password{};
    std::optional<last_will> will{};
    tls_options tls{}; ///< for mqtts://
    /// A broker that sends nothing for twice this time is lost; 0: never. At most 18 hours.
    duration keep_alive = std::chrono::seconds(30);
    duration connect_timeout = std::chrono::seconds(10);  ///< for lookup, TCP, TLS and the broker's answer
    duration retry_base = std::chrono::milliseconds(250); ///< first pause before a reconnect; doubles, with jitter
    duration retry_max = std::chrono::seconds(30);
    std::size_t max_in_flight = 100;        ///< QoS 1 and 2 messages sent and not yet acknowledged; 1 to 10,000
    std::size_t queue = 10000;              ///< messages that may wait or be in flight; more get errc::unavailable
    std::size_t queue_bytes = 16 << 20;     ///< their size
    bool refuse_while_disconnected = false; ///< publish fails at once; false: it waits for the connection
    /// Received messages that may wait for handlers, in bytes. Beyond it reading stops, and QoS 0 messages are dropped.
    std::size_t receive_bytes = 16 << 20;
    std::size_t max_packet = 1 << 20; ///< larger packets are refused, and end the connection if received
    std::function<void(const client_event&)> on_event{}; ///< called on the client's loop; exceptions are ignored
};

struct client_stats {
    bool connected = false;
    std::uint64_t connects = 0;
    std::uint64_t connect_failures = 0;
    std::uint64_t disconnects = 0;      ///< connections that were lost
    std::uint64_t published = 0;        ///< messages that the broker has taken; QoS 0: that were sent
    std::uint64_t publish_failures = 0; ///< messages that ended with an error after they had been accepted
    std::uint64_t refused = 0;          ///< messages that found no room, or no connection
    std::size_t waiting = 0;            ///< messages that wait or are in flight
    std::size_t waiting_bytes = 0;
    std::uint64_t received = 0;
    std::uint64_t handled = 0;
    std::uint64_t handler_errors = 0; ///< attempts that failed
    std::uint64_t dropped = 0;        ///< QoS 0 messages that found a full buffer
    std::uint64_t unmatched = 0;      ///< messages that no subscription selects
    error last_failure{};             ///< of a connection
};

struct subscription_options {
    qos level = qos::at_least_once;
    std::size_t buffer = 1000; ///< messages that may wait for the handler; then those of QoS 0 are dropped
    /// Calls the handler again with the same message until it succeeds, after a pause that doubles; the message isn't
    /// acknowledged meanwhile. false: a message whose handler failed is acknowledged and counted.
    bool retry = false;
    duration retry_base = std::chrono::milliseconds(100);
    duration retry_max = std::chrono::seconds(10);
};

using handler = std::function<task<result<void>>(message&)>;

namespace detail {

class client_core;

} // namespace detail

/// A client of an MQTT 3.1.1 broker (http://docs.oasis-open.org/mqtt/mqtt/v3.1.1), with one connection, on the loop
/// that calls `connect()`. It reconnects, subscribes again and sends again what was in flight. Process-wide: any loop
/// may publish and subscribe. Destroyed without `close()`, it ends its connection such that the broker publishes the
/// will.
///
///     weir::mqtt::client devices({.servers = {"mqtts://broker:8883"}, .client_id = "shop-1"});
///     app.on_start("mqtt", [&] { return devices.connect(); });
///     app.on_stop("mqtt", [&] { return devices.close(); });
class client {
public:
    /// Throws std::invalid_argument for an option out of range.
    explicit client(client_options options = {});
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Begins to connect, on the calling loop, and waits for the connection. errc::unauthenticated,
    /// errc::permission_denied or errc::invalid_argument if the broker refuses the client; errc::deadline_exceeded with
    /// the last failure as its cause. In each case the client keeps trying until it is closed.
    task<result<void>> connect();

    /// Publishes a copy of the message and waits until the broker has acknowledged it (QoS 0: until it was sent).
    /// errc::invalid_argument for a wrong topic; errc::too_large; errc::unavailable when the queue is full or the
    /// client is closed. After errc::deadline_exceeded and errc::cancelled with the code `outcome_unknown` it was sent
    /// and may still arrive; without that code it was withdrawn.
    task<result<void>> publish(std::string_view topic, std::string_view payload, qos level = qos::at_least_once,
                               bool retain = false);

    /// Subscribes and waits for the broker's answer, at once if the client is connected. The handler,
    /// `task<result<void>>(mqtt::message&)`, is called on the client's loop, for one message after the other; a message
    /// is acknowledged when its handler has ended, which keeps a broker from sending more than its window.
    /// errc::invalid_argument for a wrong filter; errc::already_exists; errc::permission_denied.
    template<class F>
    task<result<void>> subscribe(std::string_view filter, const subscription_options& options, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return subscribe_owned(std::string(filter), options, handler(std::forward<F>(f)));
    }
    template<class F>
    task<result<void>> subscribe(std::string_view filter, F&& f) {
        return subscribe(filter, subscription_options{}, std::forward<F>(f));
    }
    /// Ends the subscription: cancels its handler and waits for the broker's answer. errc::not_found.
    task<result<void>> unsubscribe(std::string_view filter);

    /// Refuses further messages, waits for those under way and for running handlers, and disconnects without a will.
    /// Not connected, or at the context's deadline: ends the rest with errors, and returns errc::deadline_exceeded if
    /// there was any. Unacknowledged messages stay with the broker if the session is persistent. Idempotent.
    task<result<void>> close();

    client_stats stats() const;
    const std::string& name() const noexcept;

private:
    task<result<void>> subscribe_owned(std::string filter, subscription_options options, handler f);

    std::shared_ptr<detail::client_core> core_;
};

} // namespace weir::mqtt
