// SPDX-License-Identifier: MIT
#pragma once

#include "core/event.hpp"
#include "http/message/body_form.hpp"
#include "http/wire/content_encoder.hpp"
#include <weir/core/result.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

class session;

/// Receives the events of an upgraded connection. A call may destroy the connection and the listener.
class raw_listener {
public:
    /// Input has arrived, or the peer has sent its last byte.
    virtual void input_came() = 0;
    /// All output so far has gone to the kernel.
    virtual void output_left() = 0;
    /// The server is stopping.
    virtual void stopping() = 0;
    /// The connection is closed.
    virtual void gone() = 0;

    virtual ~raw_listener() = default;
};

/// Streams the request's body to a handler and the response's body to the peer, with back-pressure on both sides.
/// Part of a request_task; may outlive the connection, after which calls return errc::cancelled. Belongs to one loop.
class body_stream {
public:
    /// Bytes that may wait behind those being sent before a write suspends.
    static constexpr std::size_t high_water = 64 * 1024;

    /// Bytes that may be sent without suspending before the writer yields to the loop's other tasks. A peer that
    /// reads as fast as the body is written would otherwise occupy the loop until the body ends.
    static constexpr std::size_t fair_share = 256 * 1024;

    explicit body_stream(session* owner) noexcept : owner_(owner) {}

    // For the handler.
    /// Returns the next piece of the request's body, decoded from chunks; empty at the end.
    task<result<std::string_view>> read();
    /// Sends a piece of the response's body; errc::invalid_argument for more than the announced size.
    task<result<void>> write(std::string_view piece);
    header_list& trailers() noexcept { return trailers_; }
    /// Encodes what is written from now on, and flushes the encoder after each piece so that the peer can decode it at
    /// once. `whole` is the announced size before encoding.
    void encode(content_encoder encoder, std::optional<std::uint64_t> whole);

    /// Sends a piece unless output is waiting, in which case it drops the piece.
    void write_now(std::string_view piece);

    // For an upgraded connection; none of these suspends.
    void listen(raw_listener* listener) noexcept { listener_ = listener; }
    /// Takes all input; false when there is none. An empty piece means that the peer has sent its last byte.
    bool take_raw(std::string& piece);
    /// Output is appended here, then sent by `push_raw`.
    std::string& raw_output() noexcept { return gathered_; }
    void push_raw();
    /// Bytes that wait behind those being sent.
    std::size_t unsent() const noexcept { return gathered_.size(); }
    /// Closes the connection at once.
    void abort();

    // For the session.
    void begin(body_form form, std::optional<std::uint64_t> size);
    /// Ends the body; false when it is incomplete, in which case the connection must be aborted.
    bool finish(bool whole);
    void input_came();
    void output_left();
    void stopping();
    void orphan();
    bool reading() const noexcept { return static_cast<bool>(input_); }
    std::uint64_t sent() const noexcept { return sent_; }

private:
    struct encoding {
        content_encoder encoder;
        std::string bytes{};
    };

    error check(std::string_view piece) const;
    void frame(std::string_view piece);
    void frame_encoded(std::string_view piece);
    void frame_bytes(std::string_view bytes);
    void frame_end();
    task<result<void>> send();

    session* owner_; // null once the connection is gone
    weir::detail::event input_;
    weir::detail::event output_;
    raw_listener* listener_ = nullptr;
    std::string piece_;    // the last one read
    std::string gathered_; // output that waits behind the bytes being sent
    header_list trailers_;
    std::unique_ptr<encoding> encoding_; // null for a body sent unencoded
    std::optional<std::uint64_t> left_;  // of the announced size, before encoding
    std::uint64_t sent_ = 0;
    std::size_t since_yield_ = 0; // bytes sent since the loop last ran other tasks
    body_form form_ = body_form::buffered;
};

} // namespace weir::http::detail
