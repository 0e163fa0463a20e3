// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/body_stream.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http::detail {

/// A type-erased completion handler of a read or a write.
class io_completion {
public:
    io_completion() = default;
    template<class Handler>
    explicit io_completion(Handler handler) : held_(std::make_unique<holder<Handler>>(std::move(handler))) {}

    explicit operator bool() const noexcept { return held_ != nullptr; }
    /// Call it once; the handler is released before it runs.
    void operator()(boost::system::error_code ec, std::size_t bytes) { std::exchange(held_, nullptr)->call(ec, bytes); }

private:
    struct base {
        virtual void call(boost::system::error_code ec, std::size_t bytes) = 0;
        virtual ~base() = default;
    };
    template<class Handler>
    struct holder final : base {
        explicit holder(Handler given) : handler(std::move(given)) {}
        void call(boost::system::error_code ec, std::size_t bytes) override { std::move(handler)(ec, bytes); }
        Handler handler;
    };

    std::unique_ptr<base> held_;
};

/// Events of a transport for its owner.
class transport_events {
public:
    /// Bytes from the peer have been read.
    virtual void took_input() = 0;
    /// More input is requested, and there is none.
    virtual void input_exhausted() = 0;

protected:
    ~transport_events() = default;
};

/// Adapts an upgraded connection's bytes to Asio's stream concept. There is no socket below: writes are appended to the
/// connection's output at once and completely, and complete when the peer has taken enough of the earlier output.
/// Belongs to one loop. Before `attach`, writes are discarded: they are Beast's answer to the handshake, which the
/// session has already sent. After `detach` operations fail, and pending ones never complete.
class websocket_transport {
public:
    using executor_type = boost::asio::io_context::executor_type;
    using error_code = boost::system::error_code;

    websocket_transport(weir::loop& home, transport_events& events)
        : executor_(home.io().get_executor()), events_(events) {}
    websocket_transport(const websocket_transport&) = delete;
    websocket_transport& operator=(const websocket_transport&) = delete;

    void attach(body_stream& bytes) noexcept { bytes_ = &bytes; }
    void detach() noexcept;

    // For the connection's side.
    void input_came();
    void output_left();
    std::size_t unsent() const noexcept { return bytes_ ? bytes_->unsent() + held_.size() : 0; }

    // For the messages' side, bypassing Beast, which writes everything else between them.
    /// Returns the output to which whole frames are added before a push; null if the connection is gone.
    std::string* output() noexcept { return bytes_ ? &bytes_->raw_output() : nullptr; }
    /// Adds a part of a frame. Beast's writes wait until the last part has been added.
    void add_part(std::string_view part, bool last);
    void push_output();

    executor_type get_executor() const noexcept { return executor_; }

    template<class Buffers, class Token>
    auto async_read_some(const Buffers& into, Token&& token) {
        auto start = [this, room = first_of(into)](auto handler) { read(room, io_completion(std::move(handler))); };
        return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(start, token);
    }
    template<class Buffers, class Token>
    auto async_write_some(const Buffers& from, Token&& token) {
        const std::size_t size = append(from);
        auto start = [this, size](auto handler) { push(size, io_completion(std::move(handler))); };
        return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(start, token);
    }

    // Only for the handshake, which never waits.
    template<class Buffers>
    std::size_t write_some(const Buffers& from, error_code& ec) {
        ec = {};
        return append(from);
    }
    template<class Buffers>
    std::size_t read_some(const Buffers&, error_code& ec) {
        ec = boost::asio::error::operation_not_supported;
        return 0;
    }
    template<class Buffers>
    std::size_t write_some(const Buffers& from) {
        return append(from);
    }
    template<class Buffers>
    std::size_t read_some(const Buffers&) {
        throw boost::system::system_error(boost::asio::error::operation_not_supported);
    }

private:
    template<class Buffers>
    static boost::asio::mutable_buffer first_of(const Buffers& into) {
        for (auto at = boost::asio::buffer_sequence_begin(into); at != boost::asio::buffer_sequence_end(into); ++at)
            if (const boost::asio::mutable_buffer one = *at; one.size() != 0) return one;
        return {};
    }
    template<class Buffers>
    std::size_t append(const Buffers& from) {
        std::string& out = midway_ || !bytes_ ? held_ : bytes_->raw_output();
        for (auto at = boost::asio::buffer_sequence_begin(from); at != boost::asio::buffer_sequence_end(from); ++at)
            if (const boost::asio::const_buffer one = *at; bytes_)
                out.append(static_cast<const char*>(one.data()), one.size());
        return boost::asio::buffer_size(from);
    }

    // Whether a write may complete now.
    bool may_go_on() const noexcept { return !midway_ && unsent() < body_stream::high_water; }

    void read(boost::asio::mutable_buffer room, io_completion reader);
    void push(std::size_t size, io_completion writer);
    bool fill();
    std::size_t take(boost::asio::mutable_buffer room, error_code& ec);
    void post(io_completion done, error_code ec, std::size_t size);

    executor_type executor_;
    transport_events& events_;
    body_stream* bytes_ = nullptr; // while the connection exists
    std::string input_;            // partly read
    std::size_t read_ = 0;
    boost::asio::mutable_buffer room_{}; // the reader's
    io_completion reader_;
    io_completion writer_;
    std::size_t written_ = 0; // the writer's
    std::string held_;        // Beast's writes during a partial frame
    bool midway_ = false;
};

} // namespace weir::http::detail
