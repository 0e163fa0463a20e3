// SPDX-License-Identifier: MIT
#include "http/server/session.hpp"

#include "http/field/percent.hpp"
#include "http/message/framing_fields.hpp"
#include "http/message/trailers.hpp"
#include "http/server/scratch_use.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace weir::http::detail {

namespace {

constexpr duration reserved_time = std::chrono::seconds(1); // for the first byte on a connection beyond the cap

std::string_view text(std::span<char> bytes) { return {bytes.data(), bytes.size()}; }

// Some clients send a line end behind a body (RFC 9112 section 2.2); it doesn't begin a request.
bool is_line_end(std::string_view input) { return input == "\r" || input == "\r\n"; }

head_limits head_limits_of(const http::limits& from) { return {from.request_line, from.head, from.fields}; }

// Not inlined, to keep the path of every request small.
[[gnu::noinline]] void report_to_layers(const weir::loop& home, const route& matched, const request& req,
                                        const response& res, std::uint64_t size, bool aborted) {
    const duration took = home.clock().now() - req.started();
    run_done(matched, req, res, http::exchange_summary{took, size, aborted});
}

} // namespace

session::session(session_host& host, transport& wire, std::string remote)
    : host_(host), wire_(wire), remote_(std::move(remote)), reader_(host.budget),
      deadline_(weir::detail::later(host.home.now(), host.limits.head_time)) {}

session::~session() {
    if (!task_) return;
    if (state_ == state::sending) end_file(true);
    task_->orphan();
    if (task_state_ == task_state::admitted) task_->report();
}

void session::reserve() noexcept {
    critical_only_ = true;
    deadline_ = host_.home.now() + reserved_time;
}

void session::secure(std::shared_ptr<const tls_info> its) {
    tls_ = std::move(its);
    enter(state::idle, host_.limits.head_time);
}

bool session::wants_input() const noexcept {
    if (input_ended_ || closing()) return false;
    if (occupied()) return reader_.unread_size() < host_.limits.pipelined;
    return !writing();
}

void session::receive(std::span<char> bytes) {
    if (closing()) return;
    if (host_.draining) extend_grace();
    if (!reader_.has_unread() && !occupied()) return process_input(bytes);
    reader_.append(bytes);
    if (occupied()) return notify_reader();
    if (!writing()) process_input(reader_.unread());
}

void session::receive_end() {
    input_ended_ = true;
    if (occupied()) notify_reader();
    if (!host_.limits.half_close) peer_left();
    end_after_last_byte();
}

void session::notify_reader() {
    const auto reader = task_; // the call may end the task and release our pointer to it
    if (reader) reader->input_came();
}

void session::process_input(std::span<char> input) {
    const scratch_use use(host_);
    answer_requests(input);
    reader_.save_unread(closing() ? std::span<char>() : input);
    reader_.charge_unread();
    if (reads_request() && reader_.exceeds_budget(0)) refuse_overloaded(known_request());
    flush();
    while (task_state_ == task_state::due && run_due_task()) {
        input = reader_.unread();
        answer_requests(input);
        reader_.save_unread(closing() ? std::span<char>() : input);
    }
    if (input_ended_) end_after_last_byte();
}

// Answers all complete requests of the input with as few writes as the output limit allows; none while earlier output
// waits.
void session::answer_requests(std::span<char>& input) {
    bool more = true;
    while (more) {
        more = !writing() && answer_until_full(input);
        const bool sending = state_ == state::sending;
        flush();
        if (sending && state_ != state::sending) more = true; // the file has left, and its end was reported
    }
}

// Returns whether the output limit stopped it, rather than the lack of a request to answer.
bool session::answer_until_full(std::span<char>& input) {
    while (host_.output.size() < host_.limits.output && !file_)
        if (advance(input) != progress::answered) return false;
    return true;
}

// Reads and handles the next request.
session::progress session::advance(std::span<char>& input) {
    if (input.empty()) return progress::incomplete;
    if (occupied()) return progress::handling;
    const bool resumed = reader_.has_head();
    if (!resumed) {
        const progress begun = begin_request(input);
        if (begun != progress::ready) return begun;
        if (route_of(host_.req).target.streams_body) return begin_streamed_request(input, route_of(host_.req));
    }
    const read_verdict body = reader_.read_body(input);
    if (body.status == read_status::refused) {
        refuse(body.http_status, body.reason, input);
        return progress::refused;
    }
    if (body.status == read_status::incomplete) {
        if (state_ != state::body) enter(state::body, host_.limits.body_time);
        return progress::incomplete;
    }
    if (resumed && task_state_ == task_state::admitted) return dispatch_admitted(input);
    const route& matched = resumed ? load_request(input) : route_of(host_.req);
    const request_bytes taken = reader_.take_request(input);
    request_access::set_body(host_.req, text(taken.body));
    if (!reader_.trailer_lines().empty()) attach_trailers(host_.context);
    const progress dispatched = dispatch(matched, !taken.rest.empty());
    reader_.end_request();
    input = taken.rest;
    return dispatched;
}

inline session::progress session::begin_request(std::span<char> input) {
    const read_verdict head = reader_.read_head(input, head_limits_of(host_.limits), host_.head);
    if (head.status == read_status::refused) return refuse_malformed(head.http_status, head.reason);
    if (head.status == read_status::incomplete) {
        if (state_ == state::idle && !is_line_end(text(input))) enter(state::head, host_.limits.head_time);
        return progress::incomplete;
    }
    if (!host_.head.plain_path) {
        const percent_verdict path = check_path(host_.head.path_in(text(input)));
        if (path != percent_verdict::ok) return refuse_malformed(400, reason(path), input);
    }
    return check_head(input, load_request(input));
}

// Fills the loop's request from its head at the front of `input`, and finds its route.
inline const route& session::load_request(std::span<char> input) {
    reader_.restore_head(input, head_limits_of(host_.limits), host_.head);
    replace_host(host_.head);
    host_.context.reset();
    if (tls_) host_.context.attach(tls_);
    const head_place head{input.data(), &host_.head, host_.head.fields.data()};
    request_access::fill(host_.req, head, host_.context, remote_, host_.home.now());
    return host_.routes->match(host_.req, host_.head.verb, host_.head.path_in(text(input)));
}

// As load_request, for a request that is refused: one whose path can't be decoded has the fallback route.
const route& session::load_refused(std::span<char> known) {
    const route& matched = load_request(known);
    if (check_path(host_.req.path()) == percent_verdict::ok) return matched;
    request_access::set_unrouted(host_.req, host_.routes->fallback(), {}, false);
    return host_.routes->fallback();
}

// The largest body whose length plus head size cannot overflow.
constexpr std::uint64_t largest_body = std::numeric_limits<std::ptrdiff_t>::max();

// Refuses what the head alone shows to be wrong, so that the body needn't be sent.
inline session::progress session::check_head(std::span<char> input, const route& matched) {
    const request_head& head = host_.head;
    if (critical_only_ && !matched.limits.critical) return refuse_full(input);
    const std::size_t most = matched.limits.max_body != 0 ? matched.limits.max_body : host_.limits.body;
    if (head.verb == method::unknown) {
        refuse(501, "this method isn't known here", input);
        return progress::refused;
    }
    if (head.content_length > std::min<std::uint64_t>(most, largest_body)) {
        refuse(413, "the body is larger than this resource accepts", input);
        return progress::refused;
    }
    if (head.content_length > request_reader::small_request && reader_.exceeds_budget(head.content_length))
        return refuse_overloaded(input);
    keep_alive_ = head.keep_alive && !critical_only_;
    if (matched.target.streams_body) {
        reader_.begin_streamed(head, most, input.size() > head.size);
        return progress::ready;
    }
    reader_.begin_body(head, most);
    if (!head.expect_continue || input.size() > head.size) return progress::ready;
    if (&matched != &host_.routes->fallback()) return admit_by_head(matched);
    keep_alive_ = false; // the fallback refuses for good, and the client may send the body or not
    reader_.ignore_body();
    return progress::ready;
}

// Handles the loop's request; `more` says that input follows it.
inline session::progress session::dispatch(const route& matched, bool more) {
    if (!matched.coroutine) {
        host_.res.clear();
        run_plain(matched, host_.req, host_.res);
        answer(host_.req, host_.head, matched, host_.res, more);
        if (host_.res.body.capacity() > output_buffer::most_kept) std::string().swap(host_.res.body);
        return progress::answered;
    }
    enter(state::handling, handler_time(matched));
    prepare_task(matched);
    if (!task_->handle()) return progress::handling;
    answer(task_->req(), task_->head(), matched, task_->res(), more);
    return progress::answered;
}

void session::prepare_task(const route& matched) {
    if (task_ && task_->is_shared()) std::exchange(task_, nullptr)->release();
    if (!task_) task_ = std::make_shared<request_task>(host_.home, *this);
    task_->adopt(matched, host_.req, host_.head, deadline_);
    if (tls_) task_->context().attach(tls_);
    if (reader_.trailer_lines().empty()) return;
    if (const auto* came = host_.context.find<request_trailers>()) task_->context().attach(*came);
}

// Renders the response and ends the request, unless its body is streamed. `more` says that input follows the request.
void session::answer(request& req, const head_outline& head, const route& matched, response& res, bool more) {
    if (!ends_request(res)) [[unlikely]]
        replace_unfit(req, matched, res);
    // A stop still answers the requests that have arrived: the last of them says close.
    keep_alive_ = keep_alive_ && (!host_.draining || more) && !states_close(res.headers);
    const body_form form = form_of(res, head.minor_version);
    if (form == body_form::until_close) keep_alive_ = false;
    const framing how{head.verb == method::head, keep_alive_, head.minor_version == 0, form};
    const std::size_t before = host_.output.size();
    render(res, how, host_.date.at(host_.home.now(), host_.home.clock()), host_.output);
    std::uint64_t size = host_.output.size() - before;
    if (res.tail && !how.head_only && (has_body(res.status) || form == body_form::upgraded)) {
        if (form != body_form::sized || !std::holds_alternative<file_range>(res.tail->kind))
            return begin_tail(req, matched, res, form);
        file_ = std::move(res.tail);
        size += *announced_size(*file_);
        if (matched.has_done) return begin_file(req, matched, res, size);
    }
    end_request(req, matched, res, size, false);
}

// Replaces a response whose status leaves the client waiting for another one, and which has no framing.
[[gnu::noinline]] void session::replace_unfit(request& req, const route& matched, response& res) {
    error why(errc::internal,
              "the status " + std::to_string(res.status) +
                  " doesn't end a request; answer with one from 200 to 599, and 101 by accepting a WebSocket");
    res.clear();
    into_response(error(errc::internal).caused_by(std::move(why)), res);
    run_after_refusal(matched, req, res);
}

void session::end_request(const request& req, const route& matched, const response& res, std::uint64_t size,
                          bool aborted) {
    if (matched.has_done) report_to_layers(host_.home, matched, req, res, size, aborted);
    if (keep_alive_)
        enter(state::idle, host_.limits.idle_time);
    else
        close(state::closing);
}

void session::task_finished() {
    if (host_.working) {
        host_.home.post([waiting = task_] { waiting->report(); });
        return;
    }
    const scratch_use use(host_);
    task_ended();
    process_input(reader_.unread());
    wire_.resume_input();
}

void session::written() {
    writing_ = output_state::sent;
    if (state_ == state::sending) {
        const scratch_use use(host_);
        end_file(false);
    } else if (occupied()) {
        flush();
        const auto writer = task_;
        if (writer) writer->output_left();
        return;
    } else {
        extend_deadline();
    }
    process_input(reader_.unread());
    wire_.resume_input();
}

void session::enter(state next, duration patience) {
    state_ = next;
    deadline_ = whole_by_ = weir::detail::later(host_.home.now(), patience);
    if (host_.draining && next <= state::body) deadline_ = std::min(deadline_, grace_end());
}

void session::close(state how) {
    state_ = how;
    reader_.drop_unread();
    reader_.drop_streamed();
}

// Sends the loop's output, none of which may be left for the next connection, and ends a closing connection.
void session::flush() {
    if (file_) {
        const auto sending = std::move(file_);
        set_writing(!wire_.send_file(host_.output.view(), std::get<file_range>(sending->kind)));
        host_.output.clear();
        if (state_ == state::sending && !writing()) end_file(false);
    } else if (!host_.output.empty()) {
        set_writing(!wire_.write(host_.output.view()));
        host_.output.clear();
    }
    if (state_ != state::closing && state_ != state::closing_idle) return;
    const bool idle = std::exchange(state_, state::closed) == state::closing_idle;
    wire_.finish(idle);
}

void session::push(std::string& out) {
    set_writing(!wire_.write(out));
    out.clear();
}

void session::set_writing(bool waits) {
    if (writing_ == output_state::lost) return;
    if (waits && !writing()) taking_.begin(host_.home.now());
    writing_ = waits ? output_state::waiting : output_state::sent;
}

} // namespace weir::http::detail
