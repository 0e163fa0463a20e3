// SPDX-License-Identifier: MIT
#pragma once

#include "http/body_decoder.hpp"
#include "http/exchange.hpp"
#include "http/incoming_body.hpp"
#include "http/memory_budget.hpp"
#include "http/output_buffer.hpp"
#include "http/render.hpp"
#include "http/response_tail.hpp"
#include "http/route_table.hpp"
#include "http/server_events.hpp"
#include "http/write_watch.hpp"
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

/// What the sessions of one loop share: the routes, the limits, and scratch memory that is in use only
/// while one of them works through its input.
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
    bool working = false;
    server_events* events = nullptr; // of a server
    memory_budget* budget = nullptr; // likewise
};

/// The connection's other half: what a socket, or a test, does with what the session decides.
class transport {
public:
    /// Sends the output, behind what still has to leave. False when some of it has to wait; `session::written()`
    /// follows once, when all has left.
    virtual bool write(std::string_view output) = 0;
    /// Sends the output and part of a file behind what still has to leave; the rest as for `write`.
    virtual bool send_file(std::string_view head, const file_range& part) = 0;
    /// How many bytes of what was written the peer hasn't taken yet; asked while some of it waits.
    virtual std::uint64_t untaken() = 0;
    /// Ends the connection after what was written. The peer may still be sending, in which case closing at
    /// once would reset the connection and lose our answer: half-close, discard what still comes, close. An
    /// idle connection just closes.
    virtual void finish(bool idle) = 0;
    /// Ends the connection now.
    virtual void abort() = 0;
    /// The session may want input again.
    virtual void resume_input() = 0;

    virtual ~transport() = default;
};

/// One HTTP/1.1 connection as a state machine without I/O (RFC 9112): bytes in, answers and decisions out.
/// Plain handlers run inside `receive`; coroutine handlers and streamed bodies through a running_exchange,
/// during which no further request is begun. Belongs to one loop.
class session {
public:
    session(session_host& host, transport& wire, std::string remote);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// The connection is TLS, as its requests see. Their first byte is waited for from here on.
    void secure(std::shared_ptr<const tls_info> its);
    /// Answers one request at most, and that only if its route is critical.
    void reserve() noexcept;
    /// Input, in memory that the session may change and that is the caller's again afterwards.
    void receive(std::span<char> bytes);
    /// The peer has sent its last byte; what has been answered is still sent, and what `limits::half_close` says.
    void receive_end();
    /// All output so far has left.
    void written();
    /// Layers wait for a file to leave.
    bool sends_file() const noexcept { return state_ == state::sending; }
    /// The connection is being aborted, and the peer hasn't taken so much of the file and what is before it.
    void lost(std::uint64_t untaken) noexcept;
    /// Looks whether a deadline has passed.
    void tick(time_point now);
    /// The server stops: what is in flight is answered, then the connection ends.
    void drain();

    bool wants_input() const noexcept;
    /// Nothing has begun, and nothing is being sent.
    bool idle() const noexcept { return state_ == state::idle && !writing_; }
    bool closing() const noexcept { return state_ == state::closing; }
    /// No request is whole, and none is being worked on.
    bool awaits_request() const noexcept { return state_ <= state::head; }

    // Called by the exchange.
    void exchange_finished();
    void exchange_broke() { wire_.abort(); }
    /// The next piece of a streamed request body; asks for more input where there is none.
    incoming_body::step take_body(std::string& piece);
    error body_failure() const { return incoming_->failure(); }
    std::optional<std::uint64_t> body_size() const noexcept;
    /// All input of an upgraded connection; false when none has come, an empty piece for the peer's end.
    bool take_input(std::string& piece);
    /// Sends behind what still has to leave, and empties `out`.
    void push(std::string& out);
    bool writing() const noexcept { return writing_; }

private:
    enum class state : std::uint8_t { idle, head, body, handling, streaming, sending, closing };

    // A chunked body on its way in; its decoded bytes stand behind the head in pending_.
    struct chunked_body {
        chunked_decoder decoder;
        std::size_t decoded = 0;
    };

    void work(std::span<char> input);
    void answer_all(std::span<char>& input);
    bool answer_ready(std::span<char>& input);
    bool go_on();
    bool advance(std::span<char>& input);
    bool read_head(std::span<char> input);
    void refuse_full(std::span<char> known);
    void refuse_head(int status, std::string_view message, std::span<char> known = {});
    bool judge(std::span<char> input, const route& matched);
    bool read_body(std::span<char>& input, std::size_t& used);
    bool read_chunks(std::span<char>& input, std::size_t& used);
    const route& load(std::span<char> input);
    bool dispatch(const route& matched);
    bool ask_layers(const route& matched);
    bool dispatch_admitted(std::span<char>& input, std::size_t used);
    void refuse_admitted(response& res);
    bool handle_later(std::span<char>& input, const route& matched);
    void prepare_exchange(const route& matched);
    void note_trailers();
    void ended();
    void settle_body();
    void answer(request& req, const head_outline& head, const route& matched, response& res);
    void replace_unfit(request& req, const route& matched, response& res);
    void begin_tail(const request& req, const route& matched, response& res, body_form form);
    void end_request(const request& req, const route& matched, const response& res, std::uint64_t size, bool aborted);
    void end_tail();
    void hold_for_file(const request& req, const route& matched, response& res, std::uint64_t size);
    void end_file(bool aborted);
    void await_reader(const head_outline& head, std::size_t most, bool more);
    void body_late();
    void stop_endless();
    void tell_input();
    void hang_up();
    void give_up_handler();
    void note_writing(bool waits);
    void resume_patience();
    duration handler_time(const route& matched) const noexcept;
    time_point body_deadline() const noexcept;
    bool occupied() const noexcept { return state_ >= state::handling; }
    void refuse(int status, std::string_view message, std::span<char> known = {});
    void refuse(const error& why, std::span<char> known);
    const route& load_refused(std::span<char> known);
    std::span<char> known_request() noexcept;
    void answer_late();
    void end_patience();
    void note_progress();
    void note_memory();
    error no_memory_left();
    time_point grace_end() const noexcept;
    void enter(state next, duration patience);
    void rest(time_point now);
    void close();
    void keep(std::span<char> rest);
    void flush();
    void settle_end();

    session_host& host_;
    transport& wire_;
    std::string remote_;
    std::shared_ptr<const tls_info> tls_; // null in clear
    std::string pending_;                 // input of a request that isn't complete, or that waits for a handler
    memory_budget::share budgeted_;       // pending_'s memory
    std::shared_ptr<running_exchange> exchange_;
    std::unique_ptr<chunked_body> chunked_;
    std::unique_ptr<incoming_body> incoming_; // while its handler may read it
    std::shared_ptr<response_tail> file_;     // to be sent behind the output
    std::uint64_t file_answer_ = 0;           // bytes of the answer whose file is being sent
    time_point deadline_;
    time_point whole_by_{}; // the deadline of a request that is coming, whatever a stop says
    write_watch taking_;    // while output waits
    std::uint32_t scanned_ = 0;
    std::uint32_t head_size_ = 0; // of the current request, once its head is complete
    std::uint64_t body_size_ = 0;
    state state_ = state::idle;
    bool writing_ = false;
    bool lost_ = false; // the connection, with a file on its way
    bool input_ended_ = false;
    bool keep_alive_ = true;
    bool more_ = false; // input followed the request that is being answered
    bool finish_told_ = false;
    bool answered_last_ = false; // an answer went before the end
    bool launch_ = false;        // the exchange has something to run once the input is put away
    bool continue_owed_ = false; // 100 goes out when the handler begins to read
    bool reserved_ = false;      // for critical routes alone
    bool admitted_ = false;      // the exchange's layers have let the request in whose body is coming
    body_form form_ = body_form::buffered;
};

} // namespace weir::http::detail
