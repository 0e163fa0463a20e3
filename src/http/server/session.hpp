// SPDX-License-Identifier: MIT
#pragma once

#include "http/message/response_tail.hpp"
#include "http/routing/route_table.hpp"
#include "http/server/memory_budget.hpp"
#include "http/server/request_reader.hpp"
#include "http/server/request_task.hpp"
#include "http/server/server_events.hpp"
#include "http/server/write_watch.hpp"
#include "http/wire/output_buffer.hpp"
#include "http/wire/render.hpp"
#include <weir/http/limits.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace weir::http {
struct tls_info;
}

namespace weir::http::detail {

/// What the sessions of one loop share: routes, limits, and scratch memory that one of them uses at a time, while it
/// processes input.
struct session_host {
    session_host(weir::loop& on, std::shared_ptr<const route_table> table, const http::limits& given)
        : home(on), routes(std::move(table)), limits(given), context(on) {
        request_access::set_json_depth(req, limits.json_depth);
    }

    weir::loop& home;
    std::shared_ptr<const route_table> routes;
    http::limits limits;
    bool draining = false;

    request_head head{};
    request req{};
    response res{};
    weir::context context;
    date_line date{};
    output_buffer output{};
    bool working = false;            // a session uses the scratch memory
    server_events* events = nullptr; // null outside of a server
    memory_budget* budget = nullptr; // null outside of a server
};

/// The I/O side of a connection, which carries out what its session decides: a socket, or a test.
class transport {
public:
    /// Sends the output behind what is still unsent. False when some of it has to wait; `session::written()` is then
    /// called once, when everything has left.
    virtual bool write(std::string_view output) = 0;
    /// Sends the output and a part of a file behind what is still unsent; returns as `write` does.
    virtual bool send_file(std::string_view head, const file_range& part) = 0;
    /// Bytes written that the peer hasn't taken yet; called only while some are unsent.
    virtual std::uint64_t untaken() = 0;
    /// Ends the connection after what was written. An idle connection closes at once. Otherwise the peer may still be
    /// sending, and closing would reset the connection and lose the answer: half-close, discard input, close.
    virtual void finish(bool idle) = 0;
    /// Closes the connection at once.
    virtual void abort() = 0;
    /// Asks for `session::wants_input()` again, which may have become true.
    virtual void resume_input() = 0;

    virtual ~transport() = default;
};

/// One HTTP/1.1 connection as a state machine without I/O (RFC 9112): takes input, and sends answers to its transport.
/// Runs plain handlers inside `receive`, coroutine handlers and streamed bodies in a request_task, during which it
/// begins no further request. Belongs to one loop.
class session {
public:
    session(session_host& host, transport& wire, std::string remote);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// The TLS handshake is complete: requests see its properties, and the first head's deadline starts now.
    void secure(std::shared_ptr<const tls_info> its);
    /// Limits the connection to one request, which must be for a critical route.
    void reserve() noexcept;
    /// Processes input, which the session may change in place; the caller may reuse the memory afterwards.
    void receive(std::span<char> bytes);
    /// The peer has sent its last byte. Answers that are due are still sent, subject to `limits::half_close`.
    void receive_end();
    /// All output so far has left.
    void written();
    /// Whether a file is being sent whose end the layers wait for.
    bool sends_file() const noexcept { return state_ == state::sending; }
    /// The connection is being aborted while it sends a file; the peer hasn't taken the last `untaken` bytes.
    void lost(std::uint64_t untaken) noexcept;
    /// Checks the deadlines.
    void tick(time_point now);
    /// The server is stopping: the session answers what is in flight, then ends the connection.
    void drain();

    bool wants_input() const noexcept;
    /// Whether no request has begun and no output waits.
    bool idle() const noexcept { return state_ == state::idle && !writing(); }
    bool closing() const noexcept { return state_ >= state::closing_idle; }
    /// Whether the head of a request has yet to arrive, and no request is being handled.
    bool awaits_request() const noexcept { return state_ <= state::head; }

    // For the request_task.
    void task_finished();
    void task_failed() { wire_.abort(); }
    /// Takes the next piece of a streamed request body; asks for more input when there is none.
    incoming_body::step take_body(std::string& piece);
    error body_failure() const { return reader_.streamed()->failure(); }
    std::optional<std::uint64_t> body_size() const noexcept;
    /// Takes all input of an upgraded connection; false when there is none, an empty piece for the peer's last byte.
    bool take_input(std::string& piece);
    /// Sends `out` behind what is still unsent, and clears it.
    void push(std::string& out);
    /// Whether output waits to be sent.
    bool writing() const noexcept { return writing_ != output_state::sent; }

private:
    enum class state : std::uint8_t {
        idle,
        head,
        body,         // being buffered
        handling,     // by the task, which may stream the request's body
        streaming,    // the response's body, or an upgraded connection
        sending,      // a file, whose end is reported to the layers
        closing_idle, // with nothing answered since the last request
        closing,      // after an answer
        closed,       // the transport has been asked to end the connection
    };
    enum class output_state : std::uint8_t {
        sent,
        waiting,
        lost, // the connection was aborted with a file unsent
    };
    enum class task_state : std::uint8_t {
        quiet,    // has nothing to begin
        admitted, // its layers admitted the head; the body is being buffered
        due,      // begins its job once the input behind it is saved
    };
    enum class progress : std::uint8_t {
        ready,      // for its next step
        answered,   // which the next request may follow
        incomplete, // until more input arrives
        refused,    // and answered so
        handling,   // by the task
    };

    void process_input(std::span<char> input);
    void answer_requests(std::span<char>& input);
    bool answer_until_full(std::span<char>& input);
    progress advance(std::span<char>& input);
    progress begin_request(std::span<char> input);
    progress check_head(std::span<char> input, const route& matched);
    const route& load_request(std::span<char> input);
    progress dispatch(const route& matched, bool more);
    progress begin_streamed_request(std::span<char>& input, const route& matched);
    progress admit_by_head(const route& matched);
    progress dispatch_admitted(std::span<char>& input);
    void await_body();
    void note_body_step(incoming_body::step taken);
    void attach_streamed_trailers();
    void attach_trailers(weir::context& to) const;
    void prepare_task(const route& matched);
    bool run_due_task();
    void task_ended();
    void answer(request& req, const head_outline& head, const route& matched, response& res, bool more);
    void replace_unfit(request& req, const route& matched, response& res);
    void begin_tail(const request& req, const route& matched, response& res, body_form form);
    void end_tail();
    void begin_file(const request& req, const route& matched, response& res, std::uint64_t size);
    void end_file(bool aborted);
    void end_request(const request& req, const route& matched, const response& res, std::uint64_t size, bool aborted);

    void refuse(int status, std::string_view message, std::span<char> known = {});
    void refuse(const error& why, std::span<char> known);
    progress refuse_malformed(int status, std::string_view message, std::span<char> known = {});
    progress refuse_full(std::span<char> known);
    progress refuse_overloaded(std::span<char> known);
    void refuse_admitted(response& res);
    const route& load_refused(std::span<char> known);
    std::span<char> known_request() noexcept;
    void end_after_last_byte();
    void peer_left();
    void abandon_handler();
    void cancel_endless();

    void enter(state next, duration patience);
    void deadline_passed();
    void answer_timeout();
    void fail_late_body();
    void extend_grace();
    void extend_deadline();
    void release_idle_memory(time_point now);
    time_point grace_end() const noexcept;
    time_point body_deadline() const noexcept;
    duration handler_time(const route& matched) const noexcept;

    bool occupied() const noexcept { return state_ >= state::handling; }
    bool reads_request() const noexcept { return state_ == state::head || state_ == state::body; }
    void notify_reader();
    void close(state how);
    void flush();
    void set_writing(bool waits);

    session_host& host_;
    transport& wire_;
    std::string remote_;
    std::shared_ptr<const tls_info> tls_; // null in clear
    request_reader reader_;
    std::shared_ptr<request_task> task_;
    std::shared_ptr<response_tail> file_; // to be sent behind the output
    std::uint64_t file_answer_ = 0;       // bytes of the answer whose file is being sent
    time_point deadline_;
    time_point whole_by_{}; // an incomplete request's deadline without a stop, which may shorten deadline_
    write_watch taking_;    // while output waits
    state state_ = state::idle;
    output_state writing_ = output_state::sent;
    task_state task_state_ = task_state::quiet;
    body_form form_ = body_form::buffered;
    bool keep_alive_ = true;
    bool input_ended_ = false;
    bool critical_only_ = false;
};

} // namespace weir::http::detail
