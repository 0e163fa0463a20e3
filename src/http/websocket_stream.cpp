// SPDX-License-Identifier: MIT
#include "http/websocket_stream.hpp"

#include "http/websocket_transport.hpp"
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

// What Beast asks of a transport of one's own: both goodbyes are said, and the session ends the connection.
void teardown(beast::role_type, websocket_transport&, boost::system::error_code& ec) { ec = {}; }

template<class Handler>
void async_teardown(beast::role_type, websocket_transport& over, Handler&& handler) {
    asio::post(over.get_executor(), beast::bind_front_handler(std::forward<Handler>(handler), beast::error_code()));
}

// For timeouts, which are off: the link keeps time.
void beast_close_socket(websocket_transport& over) { over.detach(); }

namespace {

using beast::error_code;

constexpr std::size_t first_piece = 512; // what an idle connection has ready for a message's beginning
constexpr std::size_t next_piece = 4096;
constexpr std::size_t most_waiting = exchange_stream::high_water; // bytes, before messages have to queue

/// A handshake that Beast takes: the real one was the upgrade's to judge, and the session has answered it.
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

std::uint16_t code_of(const ws::close_reason& told) noexcept {
    return told.code == ws::close_code::none ? std::uint16_t{ws::close_code::no_status} : told.code;
}

// What Beast has told the peer.
std::uint16_t code_of(error_code failure) noexcept {
    if (failure == ws::error::message_too_big) return ws::close_code::too_big;
    if (failure == ws::error::bad_frame_payload) return ws::close_code::bad_payload;
    return ws::close_code::protocol_error;
}

class beast_stream final : public websocket_stream,
                           public transport_events,
                           public std::enable_shared_from_this<beast_stream> {
public:
    beast_stream(weir::loop& home, websocket_events& told) : told_(&told), ws_(home, *this) {}

    void open(exchange_stream& bytes, std::size_t max_message);
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
    void ran_dry() override;
    void heard_control(ws::frame_type kind, beast::string_view payload);
    void read_done(error_code ec, std::size_t size);
    void deliver();
    void not_utf8();
    void read_failed(error_code ec);
    void over();
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
    bool open() const noexcept { return told_ && !closing_ && ws_.is_open(); }

    // A completion that does nothing when the stream has gone.
    template<class... Args>
    auto then(void (beast_stream::*step)(Args...)) {
        return [weak = weak_from_this(), step](Args... args) {
            if (const auto self = weak.lock(); self && self->told_) ((*self).*step)(args...);
        };
    }

    websocket_events* told_;
    ws::stream<websocket_transport, false> ws_;
    std::array<char, first_piece> first_{};
    std::string message_;
    std::size_t have_ = 0; // of the message's bytes
    std::list<shared_frame> queue_;
    std::size_t queued_ = 0;  // what they cost
    std::size_t sent_of_ = 0; // bytes of the first
    ws::close_reason goodbye_{};
    bool reading_ = false;
    bool midway_ = false; // bytes were read since the last whole frame that is known of
    bool pinging_ = false;
    bool closing_ = false; // by us, as soon as everything is written
    bool saying_goodbye_ = false;
};

// Beast's timeouts are off from the start; it writes no messages, so it needs no buffer for them.
void beast_stream::open(exchange_stream& bytes, std::size_t max_message) {
    ws_.read_message_max(std::max<std::size_t>(max_message, 1)); // 0 would be no limit
    ws_.control_callback([this](ws::frame_type kind, beast::string_view payload) { heard_control(kind, payload); });
    error_code ec;
    ws_.accept(any_handshake(), ec);
    ws_.next_layer().attach(bytes);
}

void beast_stream::leave() noexcept {
    told_ = nullptr;
    ws_.next_layer().detach();
}

void beast_stream::took_input() {
    midway_ = true;
    if (told_) told_->heard();
}

void beast_stream::ran_dry() {
    if (told_) told_->awaits_rest(midway_ || have_ != 0);
}

void beast_stream::heard_control(ws::frame_type kind, beast::string_view payload) {
    const auto self = shared_from_this();
    midway_ = false;
    if (!told_) return;
    told_->awaits_rest(have_ != 0);
    if (kind == ws::frame_type::close) told_->peer_closes(code_of(ws_.reason()), {payload.data(), payload.size()});
}

void beast_stream::read() {
    if (reading_ || !told_) return;
    reading_ = true;
    ws_.async_read_some(room(), then(&beast_stream::read_done));
}

// A message's memory grows with what has come of it, whatever its head announces.
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
    told_->came(std::move(whole));
}

// Beast looks at a text's end only when the last fragment isn't empty.
void beast_stream::not_utf8() {
    goodbye_ = ws::close_code::bad_payload;
    start_close();
    told_->over(websocket_end::broken, ws::close_code::bad_payload, "a text that isn't UTF-8");
}

// The other operation has told what there is to tell when this one was aborted.
void beast_stream::read_failed(error_code ec) {
    if (ec == asio::error::operation_aborted) return;
    if (ec == ws::error::closed) return over();
    fail(ec);
}

void beast_stream::over() {
    const ws::close_reason& last = ws_.reason();
    told_->over(websocket_end::closed, code_of(last), {last.reason.data(), last.reason.size()});
}

void beast_stream::fail(error_code ec) {
    const bool broken = ec.category() == ws::make_error_code(ws::error::closed).category();
    if (broken) return told_->over(websocket_end::broken, code_of(ec), ec.message());
    told_->over(websocket_end::lost, 0, {});
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

// As much as the peer takes.
void beast_stream::move_on() {
    const auto self = shared_from_this();
    while (fill_output()) ws_.next_layer().push_output();
    if (closing_ && queue_.empty() && told_) start_close();
}

// False when there was nothing to add, or no room for it.
bool beast_stream::fill_output() {
    bool some = false;
    for (; told_ && !queue_.empty() && has_room(); some = true) {
        if (sent_of_ == 0 && !ws_.is_open())
            return drop_queue(), some; // a goodbye has been said: nothing may follow it
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

// A ping's turn comes when the peer has taken what is before it.
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

// A peer that breaks the protocol after our goodbye needs no other one.
void beast_stream::closed(error_code ec) {
    if (!ec) return over();
    if (ec != asio::error::operation_aborted) fail(ec);
}

} // namespace

std::shared_ptr<websocket_stream> websocket_stream::open(weir::loop& home, exchange_stream& bytes,
                                                         std::size_t max_message, websocket_events& told) {
    auto made = std::make_shared<beast_stream>(home, told);
    made->open(bytes, max_message);
    return made;
}

} // namespace weir::http::detail
