// SPDX-License-Identifier: MIT
#pragma once

#include "amqp/connection.hpp"
#include <weir/mq/message.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::amqp {

/// What a message carries on the broker beside itself.
struct message_notes {
    std::int64_t tag = 0; ///< of its publication, so that a returned message is recognised
    std::uint32_t attempt = 1;
    std::optional<wall_time> first_failed{};
    std::string last_failure{};
    std::optional<wall_time> died{};
};

/// A message's properties and headers. Refers to the message and the notes.
class encoded_properties {
public:
    encoded_properties(const message& of, const message_notes& notes);
    encoded_properties(const encoded_properties&) = delete;
    encoded_properties& operator=(const encoded_properties&) = delete;

    const amqp_basic_properties_t* get() const noexcept { return &properties_; }

private:
    std::vector<amqp_table_entry_t> headers_{};
    amqp_basic_properties_t properties_{};
};

struct decoded_message {
    message content{};
    message_notes notes{};
    bool redelivered = false; ///< by the count of a quorum queue
};

/// Never fails: parts of a message from another client that weir doesn't know are ignored.
decoded_message decode(const amqp_basic_properties_t& properties);

/// Collects the frames of one content, whose body is bounded.
class content_reader {
public:
    explicit content_reader(std::size_t max_body) noexcept : max_body_(max_body) {}

    /// Begins a content after its method.
    void begin() noexcept;
    bool active() const noexcept { return state_ != state::idle; }
    /// Takes the next header or body frame; returns whether the content is complete.
    result<bool> take(const amqp_frame_t& frame);
    /// Whether the body was larger than allowed; it is empty then.
    bool too_large() const noexcept { return too_large_; }
    decoded_message finish();

private:
    enum class state : std::uint8_t { idle, header, body };

    bool complete() noexcept;

    const std::size_t max_body_;
    state state_ = state::idle;
    bool too_large_ = false;
    std::uint64_t left_ = 0;
    decoded_message read_{};
};

} // namespace weir::amqp
