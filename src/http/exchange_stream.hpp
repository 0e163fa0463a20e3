// SPDX-License-Identifier: MIT
#pragma once

#include "http/content_encoder.hpp"
#include "http/wait_point.hpp"
#include <weir/core/result.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http::detail {

class session;

/// How the body of a streamed response is delimited.
enum class body_form : std::uint8_t {
    buffered,    // Content-Length of what is in `response::body`
    sized,       // Content-Length as announced
    chunked,     // RFC 9112 section 7.1
    until_close, // HTTP/1.0
    upgraded,    // 101: no body, another protocol
};

/// Who is told what happens to an upgraded connection. A call may end it and what listens.
class raw_listener {
public:
    virtual void input_came() = 0;
    /// What was sent before has gone to the kernel.
    virtual void output_left() = 0;
    /// The server stops.
    virtual void stopping() = 0;
    /// The connection is no more.
    virtual void gone() = 0;

    virtual ~raw_listener() = default;
};

/// What a handler reads of the request's body and writes of the response's, with back-pressure on both
/// sides. Belongs to an exchange; the connection may go away before it.
class exchange_stream {
public:
    /// What may gather behind the bytes on their way before who writes has to wait.
    static constexpr std::size_t high_water = 64 * 1024;

    /// What may be sent without a wait before the loop's others have a turn: a peer as fast as we are would have
    /// the loop for itself otherwise, until the body ends.
    static constexpr std::size_t fair_share = 256 * 1024;

    explicit exchange_stream(session* owner) noexcept : owner_(owner) {}

    // For the handler's side.
    task<result<std::string_view>> read();
    task<result<void>> write(std::string_view piece);
    header_list& trailers() noexcept { return trailers_; }
    /// What is written from now on is sent encoded, each piece so that the peer can read it at once. `whole` is
    /// what the body's source has announced.
    void encode(content_encoder encoder, std::optional<std::uint64_t> whole);

    /// Sends a piece if none has to wait: for what is worth sending now or never.
    void write_now(std::string_view piece);

    // After an upgrade, nothing of which waits.
    void listen(raw_listener* listener) noexcept { listener_ = listener; }
    /// All input there is; false when none has come, an empty piece for the peer's end.
    bool take_raw(std::string& piece);
    /// What is to be sent is added here, then pushed.
    std::string& raw_output() noexcept { return gathered_; }
    void push_raw();
    /// Bytes that wait behind those on their way.
    std::size_t unsent() const noexcept { return gathered_.size(); }
    /// Ends the connection now.
    void abort();

    // For the connection's side.
    void begin(body_form form, std::optional<std::uint64_t> size);
    /// Ends the body; false when it can't be whole, so that the connection must break.
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
    wait_point input_;
    wait_point output_;
    raw_listener* listener_ = nullptr;
    std::string piece_;    // what was read last
    std::string gathered_; // to be sent when the peer has taken what is on its way
    header_list trailers_;
    std::unique_ptr<encoding> encoding_; // null when the body is sent as it is
    std::optional<std::uint64_t> left_;  // of the announced size, before encoding
    std::uint64_t sent_ = 0;
    std::size_t unshared_ = 0; // sent since the others had a turn
    body_form form_ = body_form::buffered;
};

} // namespace weir::http::detail
