// SPDX-License-Identifier: MIT
// The session's part in bodies that are streamed, either way.
#include "http/framework_errors.hpp"
#include "http/pace.hpp"
#include "http/request_timeout.hpp"
#include "http/session.hpp"
#include "http/trailers.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace weir::http::detail {

namespace {

constexpr std::string_view go_on_line = "HTTP/1.1 100 Continue\r\n\r\n";

} // namespace

// The handler is to read this body itself.
void session::await_reader(const head_outline& head, std::size_t most, bool more) {
    if (head.chunked)
        incoming_ = std::make_unique<incoming_body>(chunk_limits{most});
    else
        incoming_ = std::make_unique<incoming_body>(head.content_length);
    continue_owed_ = head.expect_continue && !more;
}

// The peer waits with the body until it is told to go on: layers that go by the head may refuse before that. The
// others, and what is further in, come when the body has.
bool session::ask_layers(const route& matched) {
    enter(state::handling, handler_time(matched));
    prepare_exchange(matched);
    if (exchange_->admit()) {
        admitted_ = true;
        enter(state::body, host_.limits.body_time);
        host_.output.append(go_on_line);
        return true;
    }
    keep_alive_ = false; // a body may or may not follow
    head_size_ = 0;
    chunked_.reset();
    answer(exchange_->req(), exchange_->head(), matched, exchange_->res());
    return false;
}

// The whole request that was admitted by its head; whether it is answered already.
bool session::dispatch_admitted(std::span<char>& input, std::size_t used) {
    const auto running = exchange_;
    const std::size_t body = chunked_ ? chunked_->decoded : static_cast<std::size_t>(body_size_);
    const auto bytes = input.subspan(head_size_, body);
    admitted_ = false;
    enter(state::handling, handler_time(running->matched()));
    running->complete(std::string(bytes.data(), bytes.size()), deadline_);
    if (chunked_ && !chunked_->decoder.trailer_lines().empty())
        running->context().attach(request_trailers{parse_trailers(chunked_->decoder.trailer_lines())});
    head_size_ = 0;
    more_ = input.size() > used;
    chunked_.reset();
    input = input.subspan(used);
    if (!running->handle()) return false;
    answer(running->req(), running->head(), running->matched(), running->res());
    return true;
}

void session::refuse_admitted(response& res) {
    const auto refused = exchange_;
    admitted_ = false;
    run_after_refusal(refused->matched(), refused->req(), res);
    answer(refused->req(), refused->head(), refused->matched(), res);
}

// Hands the head to the exchange; its handler begins once what follows the head has been put away.
bool session::handle_later(std::span<char>& input, const route& matched) {
    enter(state::handling, handler_time(matched));
    prepare_exchange(matched);
    input = input.subspan(head_size_);
    head_size_ = 0;
    launch_ = true;
    return false;
}

// Runs what was put off; whether it has ended already.
bool session::go_on() {
    if (!launch_) return false;
    launch_ = false;
    const bool over = state_ == state::streaming ? exchange_->produce(form_) : exchange_->handle();
    if (over) ended();
    if (!over && host_.draining && state_ == state::streaming) stop_endless();
    return over;
}

// The exchange's job has ended.
void session::ended() {
    if (state_ == state::streaming) return end_tail();
    settle_body();
    more_ = !pending_.empty();
    const auto done = exchange_;
    answer(done->req(), done->head(), done->matched(), done->res());
}

// A body that nobody has read to its end may still be coming: the connection ends after the answer.
void session::settle_body() {
    if (!incoming_) return;
    if (!incoming_->skip(pending_)) keep_alive_ = false;
    incoming_.reset();
}

incoming_body::step session::take_body(std::string& piece) {
    if (!incoming_) return piece.clear(), incoming_body::step::end;
    auto step = incoming_->take(pending_, piece);
    if (step == incoming_body::step::more && input_ended_) {
        incoming_->fail(error(errc::invalid_argument, "the connection ended before the body did"));
        step = incoming_body::step::failed;
    }
    if (step == incoming_body::step::more) {
        if (std::exchange(continue_owed_, false)) {
            std::string go(go_on_line);
            push(go);
        }
        deadline_ = body_deadline();
        wire_.resume_input();
    } else {
        deadline_ = weir::detail::later(host_.home.now(), handler_time(exchange_->matched()));
        weir::context& ctx = exchange_->context();
        const auto* caller = ctx.find<caller_deadline>();
        ctx.set_deadline(caller ? std::min(caller->at, deadline_) : deadline_);
        if (step == incoming_body::step::piece) wire_.resume_input();
        if (step == incoming_body::step::end) note_trailers();
    }
    return step;
}

// What has followed the streamed body, once.
void session::note_trailers() {
    const auto lines = incoming_->trailer_lines();
    auto& noted = exchange_->context();
    if (!lines.empty() && !noted.find<request_trailers>()) noted.attach(request_trailers{parse_trailers(lines)});
}

std::optional<std::uint64_t> session::body_size() const noexcept {
    if (!incoming_) return 0;
    return incoming_->size();
}

time_point session::body_deadline() const noexcept {
    const duration earned = earned_time(incoming_->received(), host_.limits.body_rate);
    const time_point at =
        weir::detail::later(exchange_->req().started(), weir::detail::sum(host_.limits.body_time, earned));
    return host_.draining ? std::min(at, grace_end()) : at;
}

duration session::handler_time(const route& matched) const noexcept {
    return matched.limits.handler_time != duration::zero() ? matched.limits.handler_time : host_.limits.handler_time;
}

// Whoever waits for the body learns that it comes too slowly, and may still answer.
void session::body_late() {
    incoming_->fail(framework_error(408, "the body took too long to arrive"));
    tell_input();
}

bool session::take_input(std::string& piece) {
    piece.clear();
    std::swap(piece, pending_);
    if (piece.empty() && !input_ended_) return false;
    wire_.resume_input();
    return true;
}

void session::begin_tail(const request& req, const route& matched, response& res, body_form form) {
    if (&req == &host_.req) {
        prepare_exchange(matched);
        exchange_->adopt(host_.context, std::move(res));
    }
    form_ = form;
    state_ = state::streaming;
    deadline_ = time_point::max();
    launch_ = true;
}

void session::end_tail() {
    const auto done = exchange_;
    if (!done->whole()) keep_alive_ = false;
    if (form_ == body_form::upgraded) keep_alive_ = false;
    end_request(done->req(), done->matched(), done->res(), done->streamed(), !done->whole());
    if (done->whole()) return;
    finish_told_ = true; // in the middle of the body: the peer has to notice
    wire_.abort();
}

// The layers hear of the answer once the file has left, so their request and response are kept.
void session::hold_for_file(const request& req, const route& matched, response& res, std::uint64_t size) {
    if (&req == &host_.req) {
        prepare_exchange(matched);
        exchange_->adopt(host_.context, std::move(res));
    }
    file_answer_ = size;
    state_ = state::sending;
}

void session::lost(std::uint64_t untaken) noexcept {
    lost_ = true;
    file_answer_ -= std::min(file_answer_, untaken);
}

void session::end_file(bool aborted) {
    const auto answered = exchange_;
    end_request(answered->req(), answered->matched(), answered->res(), file_answer_, aborted);
}

// What has no end of its own ends with the server.
void session::stop_endless() {
    const auto& kind = exchange_->res().tail->kind;
    const auto* body = std::get_if<streamed_body>(&kind);
    if (body && !body->endless) return;
    keep_alive_ = false;
    const auto running = exchange_;
    running->cancel();
}

} // namespace weir::http::detail
