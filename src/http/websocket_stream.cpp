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
constexpr std::size_t kept_output = 1024; // memory for output that an idle connection may keep

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

/// A message to be sent, which may be many peers'.
struct outgoing {
    std::string own{};
    std::shared_ptr<const std::string> shared{};
    bool binary = false;

    const std::string& payload() const noexcept { return shared ? *shared : own; }
};

class beast_stream final : public websocket_stream,
                           public transport_events,
                           public std::enable_shared_from_this<beast_stream> {
public:
    beast_stream(weir::loop& home, websocket_events& told) : told_(&told), ws_(home, *this) {}

    void open(exchange_stream& bytes, std::size_t max_message);
    void read() override;
    void send(std::string_view payload, bool binary) override;
    void send(std::shared_ptr<const std::string> payload, bool binary) override;
    void ping() override;
    void close(std::uint16_t code, std::string_view reason) override;
    void leave() noexcept override;

    void input_came() override {
        if (!behind()) ws_.next_layer().input_came();
    }
    void output_left() override { ws_.next_layer().output_left(); }
    std::size_t unsent() const noexcept override { return ws_.next_layer().unsent() + queued_; }
    std::size_t stuck() const noexcept override { return behind() ? ws_.next_layer().unsent() : unsent(); }

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
    void send(outgoing next);
    void start(outgoing next);
    void written(error_code ec);
    void drop_queue();
    void catch_up();
    void pinged(error_code) { pinging_ = false; }
    void start_close();
    void closed(error_code ec);
    asio::mutable_buffer room();

    // The peer has taken what was sent, but not all has been written yet: what it sends meanwhile can wait, so
    // that its close doesn't overtake messages.
    bool behind() const noexcept { return !queue_.empty() && !ws_.next_layer().blocked(); }
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
    outgoing current_;     // being written
    std::list<outgoing> queue_;
    std::size_t queued_ = 0; // bytes
    ws::close_reason goodbye_{};
    bool wanted_ = false; // a message
    bool reading_ = false;
    bool midway_ = false; // bytes were read since the last whole frame that is known of
    bool writing_ = false;
    bool pinging_ = false;
    bool closing_ = false; // by us, as soon as everything is written
    bool saying_goodbye_ = false;
};

// Beast's timeouts are off from the start; a server's frames aren't masked, so it needs no buffer to write.
void beast_stream::open(exchange_stream& bytes, std::size_t max_message) {
    ws_.read_message_max(std::max<std::size_t>(max_message, 1)); // 0 would be no limit
    ws_.auto_fragment(false);
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
    wanted_ = true;
    if (reading_ || behind() || !told_) return;
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
    midway_ = wanted_ = false;
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
    outgoing next;
    if (!writing_) next.own.swap(current_.own); // its memory
    next.own.assign(payload);
    next.binary = binary;
    send(std::move(next));
}

void beast_stream::send(std::shared_ptr<const std::string> payload, bool binary) {
    if (open()) send(outgoing{{}, std::move(payload), binary});
}

void beast_stream::send(outgoing next) {
    if (!writing_) return start(std::move(next));
    queued_ += next.payload().size();
    queue_.push_back(std::move(next));
}

void beast_stream::start(outgoing next) {
    current_ = std::move(next);
    writing_ = true;
    ws_.binary(current_.binary);
    auto done = then(&beast_stream::written);
    ws_.async_write(asio::buffer(current_.payload()), [done](error_code ec, std::size_t) { done(ec); });
}

void beast_stream::written(error_code ec) {
    writing_ = false;
    current_.shared.reset();
    if (current_.own.capacity() > kept_output) std::string().swap(current_.own);
    if (ec) return drop_queue();
    if (!queue_.empty()) {
        outgoing next = std::move(queue_.front());
        queue_.pop_front();
        queued_ -= next.payload().size();
        start(std::move(next));
    } else if (closing_) {
        start_close();
    }
    catch_up();
}

void beast_stream::drop_queue() {
    queue_.clear();
    queued_ = 0;
}

// What waited until everything was written.
void beast_stream::catch_up() {
    const auto self = shared_from_this();
    told_->sent();
    if (told_ && wanted_ && !closing_) read();
    if (told_) input_came();
}

void beast_stream::ping() {
    if (pinging_ || ws_.next_layer().blocked() || !open()) return;
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
