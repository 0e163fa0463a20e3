// SPDX-License-Identifier: MIT
// The session's part for requests that it answers in place of their handlers.
#include "http/message/framework_errors.hpp"
#include "http/server/scratch_use.hpp"
#include "http/server/session.hpp"

#include <utility>

namespace weir::http::detail {

void session::refuse(int status, std::string_view message, std::span<char> known) {
    refuse(framework_error(status, message), known);
}

// Answers with an error and ends the connection. `known` begins with the request's head when that is complete: the
// layers of its route then shape the answer.
void session::refuse(const error& why, std::span<char> known) {
    response res;
    into_response(why, res);
    reader_.drop_streamed();
    keep_alive_ = false;
    if (task_state_ == task_state::admitted) return refuse_admitted(res);
    if (!known.empty()) {
        const route& matched = load_refused(known);
        run_after_refusal(matched, host_.req, res);
        return answer(host_.req, host_.head, matched, res, false);
    }
    host_.context.reset();
    request_access::clear(host_.req, host_.context, remote_, host_.home.now());
    answer(host_.req, head_outline{}, host_.routes->fallback(), res, false);
}

session::progress session::refuse_malformed(int status, std::string_view message, std::span<char> known) {
    if (host_.events) host_.events->note(server_event::malformed, message, host_.home.now());
    refuse(status, message, known);
    return progress::refused;
}

session::progress session::refuse_full(std::span<char> known) {
    if (host_.events) host_.events->note(server_event::full, "too many connections", host_.home.now());
    refuse(error(errc::unavailable, "too many connections, try again later").with_retry_after(1), known);
    return progress::refused;
}

// The incomplete requests of all connections together exceed the server's budget.
session::progress session::refuse_overloaded(std::span<char> known) {
    refuse(error(errc::unavailable, "too much is being sent to this server at the moment, try again later")
               .with_retry_after(1),
           known);
    return progress::refused;
}

void session::refuse_admitted(response& res) {
    const auto refused = task_;
    task_state_ = task_state::quiet;
    run_after_refusal(refused->matched(), refused->req(), res);
    answer(refused->req(), refused->head(), refused->matched(), res, false);
}

// The bytes of a request whose body is being buffered; none before its head is complete.
std::span<char> session::known_request() noexcept {
    if (state_ != state::body) return {};
    return reader_.unread();
}

// The handler's time is up: the client gets 504 now, and the task keeps the request until the handler has ended.
void session::answer_timeout() {
    const auto late = std::move(task_);
    reader_.drop_streamed();
    response res;
    into_response(error(errc::deadline_exceeded, "the handler ran out of time"), res);
    run_after_refusal(late->matched(), late->req(), res);
    late->abandon();
    keep_alive_ = false;
    answer(late->req(), late->head(), late->matched(), res, false);
    late->orphan();
}

// Ends the connection after the peer's last byte, once all output has left.
void session::end_after_last_byte() {
    if (!input_ended_ || writing()) return;
    const scratch_use use(host_);
    if (reads_request()) refuse(400, "the connection ended before the request did", known_request());
    if (state_ == state::idle) close(state::closing_idle);
    flush();
}

// Without half-closed connections, the peer's last byte cancels what would still be done for it.
void session::peer_left() {
    if (state_ == state::handling && task_->busy()) abandon_handler();
    if (state_ == state::streaming && form_ != body_form::upgraded) cancel_endless();
}

// Cancels the handler and drops its answer; earlier answers are still sent.
void session::abandon_handler() {
    const scratch_use use(host_);
    const auto abandoned = std::move(task_);
    keep_alive_ = false;
    close(state::closing);
    abandoned->orphan();
    flush();
}

} // namespace weir::http::detail
