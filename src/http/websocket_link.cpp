// SPDX-License-Identifier: MIT
#include "http/websocket_link.hpp"

#include "http/exchange.hpp"
#include <weir/core/utf8.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t high_water = exchange_stream::high_water;
constexpr std::size_t kept_input = 4096; // memory for input that an idle connection may keep
constexpr std::uint16_t lost_code = 1006;

bool cancelled(const asio::cancellation_state& state) { return state.cancelled() != asio::cancellation_type::none; }

} // namespace

websocket_link::websocket_link(weir::loop& home, const websocket_options& options, std::string subprotocol)
    : home_(home), message_within_(options.message_within), ping_after_(options.ping_after),
      pong_within_(options.pong_within), close_within_(options.close_within), subprotocol_(std::move(subprotocol)),
      reader_(options.max_message) {}

task<bool> websocket_link::run(std::shared_ptr<websocket_link> self, const websocket_handler& handler,
                               running_exchange& on) {
    self->begin(on.stream());
    websocket peer(self);
    std::uint16_t code = 1000;
    try {
        co_await handler(peer);
    } catch (...) {
        on.res().failure = error(errc::internal).caused_by(current_error());
        code = 1011;
    }
    if (on.cancelled()) code = going_away;
    self->close(code, {});
    while (self->state_ == state::closing) co_await self->finished_.wait();
    self->leave();
    co_return self->state_ == state::closed;
}

void websocket_link::begin(exchange_stream& stream) {
    stream_ = &stream;
    stream.listen(this);
    heard_ = home_.now();
    arm(next_look());
    input_came();
}

void websocket_link::leave() {
    home_.cancel_timer(timer_);
    if (stream_) stream_->listen(nullptr);
    stream_ = nullptr;
}

task<result<websocket_message>> websocket_link::receive() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    for (;;) {
        if (!message_) input_came();
        if (message_) {
            websocket_message taken = std::move(*message_);
            message_.reset();
            co_return taken;
        }
        if (!is_open()) co_return ending();
        if (cancelled(state)) co_return errc::cancelled;
        co_await receiver_.wait();
    }
}

task<result<void>> websocket_link::send(opcode kind, std::string_view payload) {
    if (!is_open()) co_return ending();
    if (kind == opcode::text && !is_utf8(payload)) co_return error(errc::invalid_argument, "a text message is UTF-8");
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    append_frame(kind, payload, stream_->raw_output());
    stream_->push_raw();
    unshared_ += payload.size();
    if (unshared_ >= exchange_stream::fair_share) {
        unshared_ = 0;
        co_await asio::post(use_task);
    }
    while (is_open()) {
        if (stream_->unsent() < high_water) co_return ok();
        if (cancelled(state)) co_return errc::cancelled;
        co_await output_.wait();
    }
    co_return ending();
}

bool websocket_link::offer(std::string_view frame, std::size_t most) {
    if (!is_open()) return true;
    if (stream_->unsent() != 0 && stream_->unsent() + frame.size() > most) {
        close(1013, "too slow for what is sent here");
        return false;
    }
    stream_->raw_output().append(frame);
    stream_->push_raw();
    return true;
}

// Where the peer takes nothing it needs no more of these either.
void websocket_link::send_control(opcode kind, std::string_view payload) {
    if (stream_->unsent() >= high_water) return;
    append_frame(kind, payload, stream_->raw_output());
    stream_->push_raw();
}

void websocket_link::close(std::uint16_t code, std::string_view reason) {
    if (!is_open()) return;
    const auto self = shared_from_this();
    append_close(code, reason, stream_->raw_output());
    stream_->push_raw();
    message_.reset();
    end(state::closing, code, reason);
    input_came();
}

void websocket_link::input_came() {
    if (reading_) return; // who was woken by a message asks for the next
    const auto self = shared_from_this();
    reading_ = true;
    while (awaits_input() && (read_ < input_.size() || fill())) read_frame();
    reading_ = false;
}

// The connection gets the memory of what was read, and keeps it while it is idle.
bool websocket_link::fill() {
    read_ = 0;
    if (input_.capacity() > kept_input) std::string().swap(input_);
    if (!stream_ || !stream_->take_raw(input_)) return input_.clear(), false;
    heard_ = home_.now();
    if (std::exchange(pinged_, never) != never) look_in_time();
    if (input_.empty()) end(state::lost, lost_code, {});
    return !input_.empty();
}

void websocket_link::read_frame() {
    std::string_view rest = std::string_view(input_).substr(read_);
    const frame_event event = reader_.read(rest);
    read_ = input_.size() - rest.size();
    if (!reader_.midway()) begun_ = never;
    switch (event) {
    case frame_event::more:
        return await_rest();
    case frame_event::pong:
        return;
    case frame_event::text:
    case frame_event::binary:
        return deliver(event == frame_event::binary);
    case frame_event::ping:
        return send_control(opcode::pong, reader_.control());
    case frame_event::close:
        return peer_closes();
    case frame_event::failed:
        return fail();
    }
}

void websocket_link::deliver(bool binary) {
    if (!is_open()) return;
    message_.emplace(websocket_message{std::move(reader_.message()), binary});
    receiver_.wake();
}

void websocket_link::peer_closes() {
    if (is_open()) {
        append_close(reader_.code(), {}, stream_->raw_output());
        stream_->push_raw();
    }
    end(state::closed, reader_.code(), reader_.control());
}

void websocket_link::fail() {
    if (is_open()) {
        append_close(reader_.code(), reader_.failure(), stream_->raw_output());
        stream_->push_raw();
    }
    broken_ = true;
    end(state::closed, reader_.code(), reader_.failure());
}

void websocket_link::gone() {
    const auto self = shared_from_this();
    stream_ = nullptr;
    if (state_ <= state::closing) end(state::lost, lost_code, {});
}

// Nobody there, or a handler that doesn't end.
void websocket_link::lose() {
    const auto self = shared_from_this();
    auto* const stream = stream_;
    if (stream) stream->abort();
    if (state_ <= state::closing) end(state::lost, lost_code, {});
}

// Wakes whoever waits: for the handler this may be the last that it hears.
void websocket_link::end(state how, std::uint16_t code, std::string_view reason) {
    state_ = how;
    code_ = code;
    reason_.assign(reason);
    if (stream_) arm(home_.now() + close_within_);
    receiver_.wake();
    output_.wake();
    finished_.wake();
}

error websocket_link::ending() const {
    if (state_ == state::lost) return error(errc::unavailable, "the peer is gone");
    if (broken_) return error(errc::unavailable, "the peer broke the protocol: " + reason_);
    return error(errc::cancelled, "the connection is closed");
}

void websocket_link::await_rest() {
    if (begun_ != never || !is_open()) return;
    begun_ = home_.now();
    look_in_time();
}

// A timer that rings before that will look for itself, so messages that follow each other need no timer each.
void websocket_link::look_in_time() {
    if (const time_point when = next_look(); when < due_) arm(when);
}

void websocket_link::arm(time_point when) {
    home_.cancel_timer(timer_);
    due_ = when;
    if (when == never) return;
    auto ring = [weak = weak_from_this()] {
        if (const auto alive = weak.lock()) alive->timer_rang();
    };
    timer_ = home_.call_at(when, std::move(ring));
}

time_point websocket_link::next_look() const noexcept {
    time_point when = never;
    if (ping_after_ > duration::zero()) when = pinged_ == never ? heard_ + ping_after_ : pinged_ + pong_within_;
    if (message_within_ > duration::zero() && begun_ != never) when = std::min(when, begun_ + message_within_);
    return when;
}

void websocket_link::timer_rang() {
    if (!is_open()) return lose();
    const time_point now = home_.now();
    const bool slow = begun_ != never && message_within_ > duration::zero() && now - begun_ >= message_within_;
    if (slow) return close(1008, "the message took too long to arrive");
    if (!keep_alive(now)) return lose();
    if (is_open()) arm(next_look());
}

// False when the peer is silent though it was asked.
bool websocket_link::keep_alive(time_point now) {
    if (ping_after_ <= duration::zero()) return true;
    if (!awaits_input()) { // it is we who aren't listening
        heard_ = now;
        pinged_ = never;
    }
    if (pinged_ != never) return now - pinged_ < pong_within_;
    if (now - heard_ < ping_after_) return true;
    pinged_ = now;
    send_control(opcode::ping, {});
    return true;
}

} // namespace weir::http::detail
