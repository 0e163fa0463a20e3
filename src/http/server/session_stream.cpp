// SPDX-License-Identifier: MIT
// The session's part for requests that a task runs, and for bodies that are streamed in either direction.
#include "http/message/request_timeout.hpp"
#include "http/message/trailers.hpp"
#include "http/server/session.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace weir::http::detail {

namespace {

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

} // namespace

// The client waits for 100 Continue before it sends the body. Layers that need the head only may refuse the request
// first; the others and the layers further in run once the body has arrived.
session::progress session::admit_by_head(const route& matched) {
    enter(state::handling, handler_time(matched));
    prepare_task(matched);
    if (task_->admit()) {
        task_state_ = task_state::admitted;
        enter(state::body, host_.limits.body_time);
        host_.output.append(continue_line);
        return progress::ready;
    }
    keep_alive_ = false; // the client may send the body or not
    reader_.end_request();
    answer(task_->req(), task_->head(), matched, task_->res(), false);
    return progress::refused;
}

// Handles a request that was admitted by its head and whose body is complete.
session::progress session::dispatch_admitted(std::span<char>& input) {
    const auto running = task_;
    const request_bytes taken = reader_.take_request(input);
    task_state_ = task_state::quiet;
    enter(state::handling, handler_time(running->matched()));
    running->complete(std::string(taken.body.data(), taken.body.size()), deadline_);
    if (!reader_.trailer_lines().empty()) attach_trailers(running->context());
    reader_.end_request();
    input = taken.rest;
    if (!running->handle()) return progress::handling;
    answer(running->req(), running->head(), running->matched(), running->res(), !input.empty());
    return progress::answered;
}

void session::attach_trailers(weir::context& to) const {
    to.attach(request_trailers{parse_trailers(reader_.trailer_lines())});
}

// Gives the request to the task; its handler begins once the input behind the head is saved, which it reads.
session::progress session::begin_streamed_request(std::span<char>& input, const route& matched) {
    enter(state::handling, handler_time(matched));
    prepare_task(matched);
    input = input.subspan(host_.head.size);
    task_state_ = task_state::due;
    return progress::handling;
}

// Begins the job that is due; true when it has ended already.
bool session::run_due_task() {
    task_state_ = task_state::quiet;
    const bool over = state_ == state::streaming ? task_->produce(form_) : task_->handle();
    if (over) task_ended();
    if (!over && host_.draining && state_ == state::streaming) cancel_endless();
    return over;
}

// Answers for a handler that has ended, or ends the answer when it was the body's stream. A body that wasn't read to
// its end may still be arriving: the connection ends after the answer.
void session::task_ended() {
    if (state_ == state::streaming) return end_tail();
    if (!reader_.skip_streamed()) keep_alive_ = false;
    const auto done = task_;
    answer(done->req(), done->head(), done->matched(), done->res(), reader_.has_unread());
}

incoming_body::step session::take_body(std::string& piece) {
    using step = incoming_body::step;
    if (!reader_.streamed()) {
        piece.clear();
        return step::end;
    }
    step taken = reader_.take_streamed(piece);
    if (taken == step::more && input_ended_) {
        reader_.streamed()->fail(error(errc::invalid_argument, "the connection ended before the body did"));
        taken = step::failed;
    }
    if (taken == step::more)
        await_body();
    else
        note_body_step(taken);
    return taken;
}

void session::await_body() {
    if (reader_.take_continue()) {
        std::string line(continue_line);
        push(line);
    }
    deadline_ = body_deadline();
    wire_.resume_input();
}

// The handler runs again, with its full time.
void session::note_body_step(incoming_body::step taken) {
    deadline_ = weir::detail::later(host_.home.now(), handler_time(task_->matched()));
    weir::context& ctx = task_->context();
    const auto* caller = ctx.find<caller_deadline>();
    ctx.set_deadline(caller ? std::min(caller->at, deadline_) : deadline_);
    if (taken == incoming_body::step::piece) wire_.resume_input();
    if (taken == incoming_body::step::end) attach_streamed_trailers();
}

// Attaches the trailers once, as the end may be read several times.
void session::attach_streamed_trailers() {
    const auto lines = reader_.streamed()->trailer_lines();
    weir::context& ctx = task_->context();
    if (!lines.empty() && !ctx.find<request_trailers>()) ctx.attach(request_trailers{parse_trailers(lines)});
}

std::optional<std::uint64_t> session::body_size() const noexcept {
    if (!reader_.streamed()) return 0;
    return reader_.streamed()->size();
}

bool session::take_input(std::string& piece) {
    reader_.take_unread(piece);
    if (piece.empty() && !input_ended_) return false;
    wire_.resume_input();
    return true;
}

// The head is rendered; the task streams the body behind it. A plain handler's request moves into a task first.
void session::begin_tail(const request& req, const route& matched, response& res, body_form form) {
    if (&req == &host_.req) {
        prepare_task(matched);
        task_->adopt(host_.context, std::move(res));
    }
    form_ = form;
    state_ = state::streaming;
    deadline_ = time_point::max();
    task_state_ = task_state::due;
}

void session::end_tail() {
    const auto done = task_;
    if (!done->whole() || form_ == body_form::upgraded) keep_alive_ = false;
    end_request(done->req(), done->matched(), done->res(), done->streamed(), !done->whole());
    if (done->whole()) return;
    state_ = state::closed; // an abort within the body is how the peer notices
    wire_.abort();
}

// Keeps the request and its response for the layers, to which the answer is reported once the file has left.
void session::begin_file(const request& req, const route& matched, response& res, std::uint64_t size) {
    if (&req == &host_.req) {
        prepare_task(matched);
        task_->adopt(host_.context, std::move(res));
    }
    file_answer_ = size;
    state_ = state::sending;
}

void session::end_file(bool aborted) {
    const auto answered = task_;
    end_request(answered->req(), answered->matched(), answered->res(), file_answer_, aborted);
}

void session::lost(std::uint64_t untaken) noexcept {
    writing_ = output_state::lost;
    file_answer_ -= std::min(file_answer_, untaken);
}

// Cancels a streamed body that has no end of its own, and an upgraded connection.
void session::cancel_endless() {
    const auto& kind = task_->res().tail->kind;
    const auto* body = std::get_if<streamed_body>(&kind);
    if (body && !body->endless) return;
    keep_alive_ = false;
    const auto running = task_;
    running->cancel();
}

} // namespace weir::http::detail
