// SPDX-License-Identifier: MIT
#include "http/websocket/stream.hpp"

#include "http/websocket/transport.hpp"
#include <weir/core/utf8.hpp>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <string>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ws = boost::beast::websocket;

// Required by Beast for a custom transport: both sides have sent their close, and the session ends the connection.
void teardown(beast::role_type, websocket_transport&, boost::system::error_code& ec) { ec = {}; }

template<class Handler>
void async_teardown(beast::role_type, websocket_transport& over, Handler&& handler) {
    asio::post(over.get_executor(), beast::bind_front_handler(std::forward<Handler>(handler), beast::error_code()));
}

// Required for timeouts, which are disabled: the link has its own timer.
void beast_close_socket(websocket_transport& over) { over.detach(); }

namespace {

using beast::error_code;

constexpr std::size_t first_piece = 512; // the size of an idle connection's buffer for a message's start
constexpr std::size_t next_piece = 4096;
constexpr std::size_t most_waiting = body_stream::high_water; // bytes, before messages are queued

/// A handshake for Beast: the upgrade has checked the real one, and the session has answered it.
const beast::http::request<beast::http::empty_body>& any_handshake() {
    static const auto made = [] {
        beast::http::request<beast::http::empty_body> req(beast::http::verb::get, "/", 11);
        req.set(beast::http::field::host, "a");
        req.set(beast::http::field::upgrade, "websocket");
        req.set(beast::http::field::connection, "upgrade");
        req.set(beast::http::field::sec_websocket_version, "13");
        req.set(beast::http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
        return req;
    }();
    return made;
}

std::uint16_t code_of(const ws::close_reason& reason) noexcept {
    return reason.code == ws::close_code::none ? std::uint16_t{ws::close_code::no_status} : reason.code;
}

// Returns the code that Beast has sent to the peer.
std::uint16_t code_of(error_code failure) noexcept {
    if (failure == ws::error::message_too_big) return ws::close_code::too_big;
    if (failure == ws::error::bad_frame_payload) return ws::close_code::bad_payload;
    return ws::close_code::protocol_error;
}

class beast_stream final
    : public websocket_stream,
      public transport_events,
      public std::enable_shared_from_this<beast_stream> {
public:
    beast_stream(weir::loop& home, websocket_events& events) : events_(&events), ws_(home, *this) {}

    void open(body_stream& bytes, std::size_t max_message);
    void read() override;
    void send(std::string_view payload, bool binary) override;
    void send(std::span<const shared_frame> frames) override;
    void ping() override;
    void close(std::uint16_t code, std::string_view reason) override;
    void leave() noexcept override;

    void input_came() override { ws_.next_layer().input_came(); }
    void output_left() override;
    std::size_t unsent() const noexcept override { return ws_.next_layer().unsent() + queued_ - sent_of_; }

private:
    void took_input() override;
    void input_exhausted() override;
    void control_arrived(ws::frame_type kind, beast::string_view payload);
    void read_done(error_code ec, std::size_t size);
    void deliver();
    void not_utf8();
    void read_failed(error_code ec);
    void stream_ended();
    void fail(error_code ec);
    void enqueue(shared_frame frame);
    void move_on();
    bool fill_output();
    void take_part();
    void drop_queue() noexcept;
    void pinged(error_code) { pinging_ = false; }
    void start_close();
    void closed(error_code ec);
    asio::mutable_buffer room();

    bool has_room() const noexcept { return ws_.next_layer().unsent() < most_waiting; }
    bool open() const noexcept { return events_ && !closing_ && ws_.is_open(); }

    // Wraps a completion so that it does nothing once the stream is gone.
    template<class... Args>
    auto then(void (beast_stream::*step)(Args...)) {
        return [weak = weak_from_this(), step](Args... args) {
            if (const auto self = weak.lock(); self && self->events_) ((*self).*step)(args...);
        };
    }

    websocket_events* events_;
    ws::stream<websocket_transport, false> ws_;
    std::array<char, first_piece> first_{};
    std::string message_;
    std::size_t have_ = 0; // bytes of the message
    std::list<shared_frame> queue_;
    std::size_t queued_ = 0;  // their cost in bytes
    std::size_t sent_of_ = 0; // bytes of the first one
    ws::close_reason goodbye_{};
    bool reading_ = false;
    bool midway_ = false; // bytes were read since the last known complete frame
    bool pinging_ = false;
    bool closing_ = false; // by this side, once everything is written
    bool saying_goodbye_ = false;
};

// Beast's timeouts are disabled from the start; it writes no messages, so it needs no buffer for them.
void beast_stream::open(body_stream& bytes, std::size_t max_message) {
    ws_.read_message_max(std::max<std::size_t>(max_message, 1)); // 0 would mean no limit
    ws_.control_callback([this](ws::frame_type kind, beast::string_view payload) { control_arrived(kind, payload); });
    error_code ec;
    ws_.accept(any_handshake(), ec);
    ws_.next_layer().attach(bytes);
}

void beast_stream::leave() noexcept {
    events_ = nullptr;
    ws_.next_layer().detach();
}

void beast_stream::took_input() {
    midway_ = true;
    if (events_) events_->input_arrived();
}

void beast_stream::input_exhausted() {
    if (events_) events_->awaits_rest(midway_ || have_ != 0);
}

void beast_stream::control_arrived(ws::frame_type kind, beast::string_view payload) {
    const auto self = shared_from_this();
    midway_ = false;
    if (!events_) return;
    events_->awaits_rest(have_ != 0);
    if (kind == ws::frame_type::close) events_->peer_closes(code_of(ws_.reason()), {payload.data(), payload.size()});
}

void beast_stream::read() {
    if (reading_ || !events_) return;
    reading_ = true;
    ws_.async_read_some(room(), then(&beast_stream::read_done));
}

// A message's memory grows with the bytes received, regardless of its announced size.
asio::mutable_buffer beast_stream::room() {
    if (have_ == 0) return asio::buffer(first_);
    message_.resize(have_ + std::min(ws_.read_size_hint(next_piece), std::max(next_piece, have_)));
    return asio::buffer(message_) + have_;
}

void beast_stream::read_done(error_code ec, std::size_t size) {
    reading_ = false;
    if (ec) return read_failed(ec);
    if (have_ == 0) message_.assign(first_.data(), size);
    have_ += size;
    if (closing_) return;
    if (!ws_.is_message_done()) return read();
    deliver();
}

void beast_stream::deliver() {
    message_.resize(std::exchange(have_, 0));
    websocket_message whole;
    whole.data = std::exchange(message_, {});
    whole.binary = ws_.got_binary();
    midway_ = false;
    if (!whole.binary && !is_utf8(whole.data)) return not_utf8();
    events_->message_arrived(std::move(whole));
}

// Beast checks where a message of text ends only if the last fragment isn't empty.
void beast_stream::not_utf8() {
    goodbye_ = ws::close_code::bad_payload;
    start_close();
    events_->stream_ended(websocket_end::broken, ws::close_code::bad_payload, "a text message that isn't UTF-8");
}

// If this operation was aborted, the other one has already reported the outcome.
void beast_stream::read_failed(error_code ec) {
    if (ec == asio::error::operation_aborted) return;
    if (ec == ws::error::closed) return stream_ended();
    fail(ec);
}

void beast_stream::stream_ended() {
    const ws::close_reason& last = ws_.reason();
    events_->stream_ended(websocket_end::closed, code_of(last), {last.reason.data(), last.reason.size()});
}

void beast_stream::fail(error_code ec) {
    const bool broken = ec.category() == ws::make_error_code(ws::error::closed).category();
    if (broken) return events_->stream_ended(websocket_end::broken, code_of(ec), ec.message());
    events_->stream_ended(websocket_end::lost, 0, {});
}

void beast_stream::send(std::string_view payload, bool binary) {
    if (!open()) return;
    const auto self = shared_from_this();
    if (queue_.empty() && has_room())
        append_frame(payload, binary, *ws_.next_layer().output());
    else
        enqueue(frame_of(payload, binary));
    ws_.next_layer().push_output();
}

void beast_stream::send(std::span<const shared_frame> frames) {
    if (!open()) return;
    for (const shared_frame& one : frames) enqueue(one);
    move_on();
}

void beast_stream::enqueue(shared_frame frame) {
    queue_.push_back(std::move(frame));
    queued_ += cost_of(*queue_.back());
}

void beast_stream::output_left() {
    const auto self = shared_from_this();
    move_on();
    ws_.next_layer().output_left();
}

// Sends as much as the peer accepts.
void beast_stream::move_on() {
    const auto self = shared_from_this();
    while (fill_output()) ws_.next_layer().push_output();
    if (closing_ && queue_.empty() && events_) start_close();
}

// Returns false if there was nothing to add, or no room for it.
bool beast_stream::fill_output() {
    bool some = false;
    for (; events_ && !queue_.empty() && has_room(); some = true) {
        if (sent_of_ == 0 && !ws_.is_open()) {
            drop_queue(); // a close has been sent: nothing may follow it
            return some;
        }
        take_part();
    }
    return some;
}

void beast_stream::take_part() {
    const std::string_view rest = std::string_view(*queue_.front()).substr(sent_of_);
    const std::string_view part = rest.substr(0, most_waiting);
    const bool last = part.size() == rest.size();
    ws_.next_layer().add_part(part, last);
    sent_of_ += part.size();
    if (!last) return;
    queued_ -= cost_of(*queue_.front());
    queue_.pop_front();
    sent_of_ = 0;
}

void beast_stream::drop_queue() noexcept {
    queue_.clear();
    queued_ = 0;
}

// Sent only when the peer has taken what precedes it.
void beast_stream::ping() {
    if (pinging_ || !has_room() || !open()) return;
    pinging_ = true;
    ws_.async_ping({}, then(&beast_stream::pinged));
}

void beast_stream::close(std::uint16_t code, std::string_view reason) {
    goodbye_ = ws::close_reason(static_cast<ws::close_code>(code), {reason.data(), reason.size()});
    closing_ = true;
    if (queue_.empty()) start_close();
}

void beast_stream::start_close() {
    closing_ = true;
    if (!std::exchange(saying_goodbye_, true)) ws_.async_close(goodbye_, then(&beast_stream::closed));
}

// A peer that breaks the protocol after our close gets no second one.
void beast_stream::closed(error_code ec) {
    if (!ec) return stream_ended();
    if (ec != asio::error::operation_aborted) fail(ec);
}

} // namespace

std::shared_ptr<websocket_stream> websocket_stream::open(
    weir::loop& home, body_stream& bytes, std::size_t max_message, websocket_events& events) {
    auto made = std::make_shared<beast_stream>(home, events);
    made->open(bytes, max_message);
    return made;
}

} // namespace weir::http::detail
