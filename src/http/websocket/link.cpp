// SPDX-License-Identifier: MIT
#include "http/websocket/link.hpp"

#include "http/server/request_task.hpp"
#include <weir/core/utf8.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t high_water = body_stream::high_water;
constexpr std::uint16_t lost_code = 1006;

} // namespace

websocket_link::websocket_link(weir::loop& home, const websocket_options& options, std::string subprotocol)
    : home_(home), max_message_(options.max_message), message_within_(options.message_within),
      ping_after_(options.ping_after), pong_within_(options.pong_within), close_within_(options.close_within),
      subprotocol_(std::move(subprotocol)) {}

task<bool> websocket_link::run(std::shared_ptr<websocket_link> self, const websocket_handler& handler,
                               request_task& on) {
    self->begin(on.stream());
    websocket peer(self);
    std::uint16_t code = 1000;
    try {
        co_await handler(peer);
    } catch (...) {
        on.res().failure = current_error();
        code = 1011;
    }
    if (on.cancelled()) code = going_away;
    self->close(code, {});
    while (self->state_ == state::closing) co_await self->finished_.wait();
    self->leave();
    co_return self->state_ == state::closed;
}

void websocket_link::begin(body_stream& stream) {
    stream_ = &stream;
    frames_ = websocket_stream::open(home_, stream, max_message_, *this);
    stream.listen(this);
    last_input_ = home_.now();
    arm(next_look());
    frames_->read();
}

void websocket_link::leave() {
    home_.cancel_timer(timer_);
    if (stream_) stream_->listen(nullptr);
    stream_ = nullptr;
    if (const auto ended = std::exchange(frames_, nullptr)) ended->leave();
}

task<result<websocket_message>> websocket_link::receive() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    for (;;) {
        if (frames_ && is_open() && !message_) frames_->read();
        if (message_) {
            websocket_message taken = std::move(*message_);
            message_.reset();
            co_return taken;
        }
        if (!is_open()) co_return ending();
        if (weir::detail::cancelled(state)) co_return errc::cancelled;
        co_await receiver_.wait();
    }
}

task<result<void>> websocket_link::send(std::string_view payload, bool binary) {
    if (!is_open()) co_return ending();
    if (!binary && !is_utf8(payload)) co_return error(errc::invalid_argument, "a text message must be UTF-8");
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    frames_->send(payload, binary);
    publish();
    unshared_ += payload.size();
    if (unshared_ >= body_stream::fair_share) {
        unshared_ = 0;
        co_await asio::post(use_task);
    }
    while (is_open()) {
        if (frames_->unsent() < high_water) co_return ok();
        if (weir::detail::cancelled(state)) co_return errc::cancelled;
        co_await output_.wait();
    }
    co_return ending();
}

bool websocket_link::offer(std::span<const shared_frame> frames, std::size_t most) {
    if (!is_open()) return true;
    std::size_t waiting = frames_->unsent();
    std::size_t fit = 0;
    for (; fit < frames.size(); ++fit) {
        const std::size_t cost = cost_of(*frames[fit]);
        if (waiting != 0 && waiting + cost > most) break;
        waiting += cost;
    }
    frames_->send(frames.first(fit));
    publish();
    return fit == frames.size() || !is_open() || refuse();
}

bool websocket_link::refuse() {
    close(1013, "too slow for this room's messages");
    return false;
}

std::shared_ptr<const std::atomic<std::size_t>> websocket_link::backlog() {
    if (!backlog_) backlog_ = std::make_shared<std::atomic<std::size_t>>();
    publish();
    return backlog_;
}

void websocket_link::publish() noexcept {
    if (backlog_) backlog_->store(frames_ ? frames_->unsent() : 0, std::memory_order_relaxed);
}

void websocket_link::close(std::uint16_t code, std::string_view reason) {
    if (!is_open()) return;
    const auto self = shared_from_this();
    message_.reset();
    frames_->close(code, reason);
    if (is_open()) end(state::closing, code, reason);
}

void websocket_link::input_came() {
    const auto frames = frames_;
    if (!frames) return;
    if (is_open() && !message_) frames->read(); // pings and the close are handled even if the handler isn't receiving
    frames->input_came();
}

void websocket_link::output_left() {
    if (const auto frames = frames_) frames->output_left();
    publish();
    output_.wake();
}

void websocket_link::input_arrived() {
    last_input_ = home_.now();
    if (std::exchange(pinged_, never) != never) arm_timer();
}

void websocket_link::awaits_rest(bool midway) {
    if (!midway) begun_ = never;
    if (!midway || begun_ != never || !is_open()) return;
    begun_ = home_.now();
    arm_timer();
}

void websocket_link::message_arrived(websocket_message message) {
    begun_ = never;
    if (!is_open()) return;
    message_.emplace(std::move(message));
    receiver_.wake();
}

void websocket_link::peer_closes(std::uint16_t code, std::string_view reason) {
    if (is_open()) end(state::closing, code, reason);
}

void websocket_link::stream_ended(websocket_end how, std::uint16_t code, std::string_view reason) {
    if (state_ > state::closing) return;
    if (how == websocket_end::lost) return end(state::lost, lost_code, {});
    broken_ = how == websocket_end::broken;
    end(state::closed, code, reason);
}

void websocket_link::gone() {
    const auto self = shared_from_this();
    stream_ = nullptr;
    if (const auto ended = std::exchange(frames_, nullptr)) ended->leave();
    if (state_ <= state::closing) end(state::lost, lost_code, {});
}

void websocket_link::lose() {
    const auto self = shared_from_this();
    auto* const stream = stream_;
    if (stream) stream->abort();
    if (state_ <= state::closing) end(state::lost, lost_code, {});
}

// Wakes all waiters. For the handler this may be the last event.
void websocket_link::end(state how, std::uint16_t code, std::string_view reason) {
    const auto self = shared_from_this();
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

// If the timer rings earlier, it rearms itself, so consecutive messages don't each set a timer.
void websocket_link::arm_timer() {
    if (const time_point when = next_look(); when < due_) arm(when);
}

void websocket_link::arm(time_point when) {
    home_.cancel_timer(timer_);
    due_ = when;
    if (when == never) return;
    auto ring = [weak = weak_from_this()] {
        if (const auto alive = weak.lock()) alive->timer_expired();
    };
    timer_ = home_.call_at(when, std::move(ring));
}

time_point websocket_link::next_look() const noexcept {
    time_point when = never;
    if (ping_after_ > duration::zero()) when = pinged_ == never ? last_input_ + ping_after_ : pinged_ + pong_within_;
    if (message_within_ > duration::zero() && begun_ != never) when = std::min(when, begun_ + message_within_);
    return when;
}

void websocket_link::timer_expired() {
    if (!is_open()) return lose();
    const time_point now = home_.now();
    const bool slow = begun_ != never && message_within_ > duration::zero() && now - begun_ >= message_within_;
    if (slow) return close(1008, "the message took too long to arrive");
    if (!keep_alive(now)) return lose();
    if (is_open()) arm(next_look());
}

// Returns false if the peer has not answered a ping in time.
bool websocket_link::keep_alive(time_point now) {
    if (ping_after_ <= duration::zero()) return true;
    if (!awaits_input()) { // reading is paused on this side
        last_input_ = now;
        pinged_ = never;
    }
    if (pinged_ != never) return now - pinged_ < pong_within_;
    if (now - last_input_ < ping_after_) return true;
    pinged_ = now;
    frames_->ping();
    return true;
}

} // namespace weir::http::detail
