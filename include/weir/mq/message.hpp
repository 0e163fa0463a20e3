// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/reflect/json.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

struct message_header {
    std::string name{};
    std::string value{};

    bool operator==(const message_header&) const = default;
};

/// A message to publish. Not an aggregate, so that a temporary is safe in an awaited call with g++ 12.
///
///     co_await mails.publish(weir::message("user_events", body).with_key(user_id).with_delay(5s));
class message {
public:
    message() noexcept {}
    explicit message(std::string to, std::string content = {}) : topic(std::move(to)), body(std::move(content)) {}

    /// Messages with one non-empty key are handled one at a time, in the order in which they were published.
    message with_key(std::string value) && { return set(&message::key, std::move(value)); }
    /// The idempotency key. `publish` sets a unique one if there is none; set it to publish again after an unknown
    /// outcome.
    message with_id(std::string value) && { return set(&message::id, std::move(value)); }
    message with_type(std::string value) && { return set(&message::content_type, std::move(value)); }
    /// Time before the first delivery. A delayed message takes its place in the order of its key when it is due.
    message with_delay(duration value) && { return set(&message::delay, value); }
    message with_header(std::string name, std::string value) && {
        headers.push_back({std::move(name), std::move(value)});
        return std::move(*this);
    }

    /// The value of the first header of that name, which is case-sensitive; empty if there is none.
    std::string_view header(std::string_view name) const noexcept;
    /// The memory that limits count: all strings and a fixed overhead.
    std::size_t size() const noexcept;

    std::string topic{};
    std::string body{};
    std::string content_type = "application/octet-stream";
    std::string key{};
    std::string id{};
    std::vector<message_header> headers{};
    duration delay{};

private:
    template<class Value>
    message set(Value message::*member, Value value) {
        this->*member = std::move(value);
        return std::move(*this);
    }
};

/// A message with the value as JSON (`application/json`).
template<class T>
message json_message(std::string topic, const T& value) {
    return message(std::move(topic), to_json(value)).with_type("application/json");
}

/// One attempt to handle a message. `delivery->body` is the message's body.
class delivery {
public:
    explicit delivery(std::shared_ptr<const message> of) noexcept : message_(std::move(of)) {}

    const message& operator*() const noexcept { return *message_; }
    const message* operator->() const noexcept { return message_.get(); }
    const std::shared_ptr<const message>& shared() const noexcept { return message_; }

    std::uint32_t attempt = 1; ///< 1 for the first attempt; attempts cut off by a stop or a crash don't count
    bool redelivered = false;  ///< an earlier delivery may have reached a handler, even at attempt 1
    std::optional<wall_time> first_failed{};
    std::string last_failure{}; ///< the last attempt's error as a string

private:
    std::shared_ptr<const message> message_;
};

/// A message that no handler could handle; its `attempt` is the last one.
struct dead_letter {
    weir::delivery last;
    wall_time died{};
};

} // namespace weir
