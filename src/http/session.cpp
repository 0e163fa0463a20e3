// SPDX-License-Identifier: MIT
#include "http/session.hpp"

#include "http/framework_errors.hpp"
#include "http/percent.hpp"
#include "http/stated_fields.hpp"
#include "http/trailers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

namespace weir::http::detail {

namespace {

constexpr std::size_t small_request = 16 * 1024; // that counts in no budget, and whose memory is kept
constexpr duration reserved_time =
    std::chrono::seconds(1); // for a request's first byte, on a connection beyond the cap

std::string_view text(std::span<char> bytes) { return {bytes.data(), bytes.size()}; }

// One that some clients send behind a body (RFC 9112 section 2.2): as yet no request has begun.
bool is_line_end(std::string_view input) { return input == "\r" || input == "\r\n"; }

// Kept apart, so that what every request comes through stays small.
[[gnu::noinline]] void tell_layers(const weir::loop& home, const route& matched, const request& req,
                                   const response& res, std::uint64_t size, bool aborted) {
    const duration took = home.clock().now() - req.started();
    run_done(matched, req, res, http::exchange{took, size, aborted});
}

// Marks the loop's scratch as taken while a session works. A handler of another one that ends meanwhile (user code may
// resume it) waits for its turn: its answer would go out with what this session has rendered and not sent yet.
class scratch_use {
public:
    explicit scratch_use(session_host& host) : host_(host), before_(std::exchange(host.working, true)) {}
    ~scratch_use() { host_.working = before_; }
    scratch_use(const scratch_use&) = delete;
    scratch_use& operator=(const scratch_use&) = delete;

private:
    session_host& host_;
    const bool before_;
};

} // namespace

session::session(session_host& host, transport& wire, std::string remote)
    : host_(host), wire_(wire), remote_(std::move(remote)), budgeted_(host.budget),
      deadline_(weir::detail::later(host.home.now(), host.limits.head_time)) {}

session::~session() {
    if (!exchange_) return;
    if (state_ == state::sending) end_file(true);
    exchange_->orphan();
    if (admitted_) exchange_->report();
}

void session::reserve() noexcept {
    reserved_ = true;
    deadline_ = host_.home.now() + reserved_time;
}

void session::secure(std::shared_ptr<const tls_info> its) {
    tls_ = std::move(its);
    enter(state::idle, host_.limits.head_time);
}

bool session::wants_input() const noexcept {
    if (input_ended_ || state_ == state::closing) return false;
    if (occupied()) return pending_.size() < host_.limits.pipelined;
    return !writing_;
}

void session::receive(std::span<char> bytes) {
    if (state_ == state::closing) return;
    if (host_.draining) note_progress();
    if (pending_.empty() && !occupied()) return work(bytes);
    pending_.append(bytes.data(), bytes.size());
    if (occupied()) return tell_input();
    if (!writing_) work({pending_.data(), pending_.size()});
}

// Bytes that wait for the rest of their request count; where there are too many of them over all connections, this is
// the one that goes.
void session::note_memory() {
    budgeted_.hold(pending_.capacity() > small_request ? pending_.capacity() : 0);
    const bool unfinished = state_ == state::head || state_ == state::body;
    if (unfinished && budgeted_.exceeds(0)) refuse(no_memory_left(), known_request());
}

error session::no_memory_left() {
    return error(errc::unavailable, "too much is being sent to this server at the moment, try again later")
        .with_retry_after(1);
}

void session::receive_end() {
    input_ended_ = true;
    if (occupied()) tell_input();
    if (!host_.limits.half_close) hang_up();
    settle_end();
}

// The peer isn't there any more: nothing is done for it that would only now be done.
void session::hang_up() {
    if (state_ == state::handling && exchange_->busy()) give_up_handler();
    if (state_ == state::streaming && form_ != body_form::upgraded) stop_endless();
}

// What was answered before is still sent.
void session::give_up_handler() {
    const scratch_use use(host_);
    const auto left = std::move(exchange_);
    keep_alive_ = false;
    answered_last_ = true;
    close();
    left->orphan();
    flush();
}

void session::tell_input() {
    const auto reader = exchange_; // may end, and with it our hold on it
    if (reader) reader->input_came();
}

// After the peer's last byte: what it is owed has been sent, so the connection ends too.
void session::settle_end() {
    if (!input_ended_ || writing_) return;
    const scratch_use use(host_);
    if (state_ == state::head || state_ == state::body)
        refuse(400, "the connection ended before the request did", known_request());
    if (state_ == state::idle) close();
    flush();
}

void session::work(std::span<char> input) {
    const scratch_use use(host_);
    answer_all(input);
    keep(input);
    note_memory();
    flush();
    while (go_on()) {
        input = {pending_.data(), pending_.size()};
        answer_all(input);
        keep(input);
    }
    settle_end();
}

// Answers all complete requests of the input with as few writes as the output limit allows; none while
// earlier answers wait to leave.
void session::answer_all(std::span<char>& input) {
    bool stalled = true;
    while (stalled) {
        stalled = !writing_ && answer_ready(input);
        const bool sending = state_ == state::sending;
        flush();
        if (sending && state_ != state::sending) stalled = true; // the file has left, and the layers know
    }
}

// Whether it stopped because there was enough to send, rather than nothing more to answer.
bool session::answer_ready(std::span<char>& input) {
    while (host_.output.size() < host_.limits.output && !file_)
        if (!advance(input)) return false;
    return true;
}

bool session::advance(std::span<char>& input) {
    if (input.empty() || occupied()) return false;
    const bool resumed = head_size_ != 0;
    if (!resumed && !read_head(input)) return false;
    if (!resumed && request_access::matched(host_.req)->target.streams_body)
        return handle_later(input, *request_access::matched(host_.req));
    std::size_t used = 0;
    if (!(chunked_ ? read_chunks(input, used) : read_body(input, used))) return false;
    if (resumed && admitted_) return dispatch_admitted(input, used);
    const route& matched = resumed ? load(input) : *request_access::matched(host_.req);
    const std::size_t body = chunked_ ? chunked_->decoded : static_cast<std::size_t>(body_size_);
    request_access::set_body(host_.req, text(input.subspan(head_size_, body)));
    if (chunked_ && !chunked_->decoder.trailer_lines().empty())
        host_.context.attach(request_trailers{parse_trailers(chunked_->decoder.trailer_lines())});
    head_size_ = 0;
    more_ = input.size() > used;
    const bool answered = dispatch(matched);
    chunked_.reset();
    input = input.subspan(used);
    return answered;
}

inline bool session::read_head(std::span<char> input) {
    if (scanned_ != 0 && !may_complete(text(input), scanned_)) return false;
    const head_limits most{host_.limits.request_line, host_.limits.head, host_.limits.fields};
    const head_verdict verdict = parse_head(text(input), most, host_.head);
    if (verdict.status == head_status::refused) return refuse_head(verdict.http_status, verdict.reason), false;
    if (verdict.status == head_status::incomplete) {
        may_complete(text(input), scanned_);
        if (state_ == state::idle && !is_line_end(text(input))) enter(state::head, host_.limits.head_time);
        return false;
    }
    scanned_ = 0;
    if (!host_.head.plain_path) {
        const percent_verdict path = check_path(host_.head.path_in(text(input)));
        if (path != percent_verdict::ok) return refuse_head(400, reason(path), input), false;
    }
    return judge(input, load(input));
}

void session::refuse_head(int status, std::string_view message, std::span<char> known) {
    if (host_.events) host_.events->note(server_event::malformed, message, host_.home.now());
    refuse(status, message, known);
}

// Fills the loop's request from a head that parses, and finds its route.
inline const route& session::load(std::span<char> input) {
    if (head_size_ != 0)
        parse_head(text(input), {host_.limits.request_line, host_.limits.head, host_.limits.fields}, host_.head);
    replace_host(host_.head);
    host_.context.reset();
    if (tls_) host_.context.attach(tls_);
    const head_place head{input.data(), &host_.head, host_.head.fields.data()};
    request_access::fill(host_.req, head, host_.context, remote_, host_.home.now());
    return host_.routes->match(host_.req, host_.head.verb, host_.head.path_in(text(input)));
}

void session::refuse_full(std::span<char> known) {
    if (host_.events) host_.events->note(server_event::full, "too many connections", host_.home.now());
    refuse(error(errc::unavailable, "too many connections, try again later").with_retry_after(1), known);
}

// More than memory can hold, whatever the limits say; up to it, a length and the head's size add up.
constexpr std::uint64_t largest_body = std::numeric_limits<std::ptrdiff_t>::max();

// What is known to be wrong before the body has come is answered now, so that it needn't come.
inline bool session::judge(std::span<char> input, const route& matched) {
    const request_head& head = host_.head;
    if (reserved_ && !matched.limits.critical) return refuse_full(input), false;
    const std::size_t most = matched.limits.max_body != 0 ? matched.limits.max_body : host_.limits.body;
    if (head.verb == method::unknown) return refuse(501, "this method isn't known here", input), false;
    if (head.content_length > std::min<std::uint64_t>(most, largest_body))
        return refuse(413, "the body is larger than this resource accepts", input), false;
    if (head.content_length > small_request && budgeted_.exceeds(head.content_length))
        return refuse(no_memory_left(), input), false;
    keep_alive_ = head.keep_alive && !reserved_;
    head_size_ = head.size;
    body_size_ = head.content_length;
    if (matched.target.streams_body) return await_reader(head, most, input.size() > head.size), true;
    if (head.chunked) chunked_ = std::make_unique<chunked_body>(chunked_body{chunked_decoder(chunk_limits{most}), 0});
    if (!head.expect_continue || input.size() > head.size) return true;
    if (&matched != &host_.routes->fallback()) return ask_layers(matched);
    keep_alive_ = false; // the refusal is final; a body may or may not follow it
    body_size_ = 0;
    chunked_.reset();
    return true;
}

inline bool session::read_body(std::span<char>& input, std::size_t& used) {
    used = head_size_ + static_cast<std::size_t>(body_size_);
    if (input.size() >= used) return true;
    if (state_ != state::body) enter(state::body, host_.limits.body_time);
    return false;
}

// Decodes what has come in place: behind the head stand the decoded bytes, behind them the raw ones.
bool session::read_chunks(std::span<char>& input, std::size_t& used) {
    const std::size_t raw = head_size_ + chunked_->decoded;
    const chunk_verdict verdict = chunked_->decoder.feed(input.subspan(raw));
    chunked_->decoded += verdict.produced;
    used = raw + verdict.consumed;
    if (verdict.status == chunk_status::done) return true;
    if (verdict.status == chunk_status::refused) return refuse(verdict.http_status, verdict.reason, input), false;
    input = input.first(head_size_ + chunked_->decoded);
    if (state_ != state::body) enter(state::body, host_.limits.body_time);
    return false;
}

inline bool session::dispatch(const route& matched) {
    if (!matched.coroutine) {
        host_.res.clear();
        run_plain(matched, host_.req, host_.res);
        answer(host_.req, host_.head, matched, host_.res);
        if (host_.res.body.capacity() > output_buffer::most_kept) std::string().swap(host_.res.body);
        return true;
    }
    enter(state::handling, handler_time(matched));
    prepare_exchange(matched);
    if (!exchange_->handle()) return false;
    answer(exchange_->req(), exchange_->head(), matched, exchange_->res());
    return true;
}

void session::prepare_exchange(const route& matched) {
    if (exchange_ && exchange_->is_shared()) std::exchange(exchange_, nullptr)->release();
    if (!exchange_) exchange_ = std::make_shared<running_exchange>(host_.home, *this);
    exchange_->adopt(matched, host_.req, host_.head, deadline_);
    if (tls_) exchange_->context().attach(tls_);
    if (const auto* came = chunked_ ? host_.context.find<request_trailers>() : nullptr)
        exchange_->context().attach(*came);
}

void session::answer(request& req, const head_outline& head, const route& matched, response& res) {
    if (!ends_request(res)) [[unlikely]]
        replace_unfit(req, matched, res);
    // A stop still answers what had been sent before it: the last of the requests that are here says close.
    keep_alive_ = keep_alive_ && (!host_.draining || more_) && !states_close(res.headers);
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
        if (matched.has_done) return hold_for_file(req, matched, res, size);
    }
    end_request(req, matched, res, size, false);
}

// A status that leaves the client waiting for another one: sent as it is, it would have no framing either.
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
    if (matched.has_done) tell_layers(host_.home, matched, req, res, size, aborted);
    if (keep_alive_)
        enter(state::idle, host_.limits.idle_time);
    else
        close();
    answered_last_ = !keep_alive_;
}

void session::refuse(int status, std::string_view message, std::span<char> known) {
    refuse(framework_error(status, message), known);
}

// `known` begins with the request's head where that is complete: the answer is shaped for that request then.
void session::refuse(const error& why, std::span<char> known) {
    response res;
    into_response(why, res);
    incoming_.reset();
    keep_alive_ = false;
    if (admitted_) return refuse_admitted(res);
    if (!known.empty()) {
        const route& matched = load_refused(known);
        run_after_refusal(matched, host_.req, res);
        return answer(host_.req, host_.head, matched, res);
    }
    host_.context.reset();
    request_access::clear(host_.req, host_.context, remote_, host_.home.now());
    answer(host_.req, head_outline{}, host_.routes->fallback(), res);
}

const route& session::load_refused(std::span<char> known) {
    const route& matched = load(known);
    if (check_path(host_.req.path()) == percent_verdict::ok) return matched;
    request_access::set_unrouted(host_.req, host_.routes->fallback(), {}, false);
    return host_.routes->fallback();
}

// The bytes of a request whose body is still coming; none before its head is complete.
std::span<char> session::known_request() noexcept {
    if (state_ != state::body) return {};
    return {pending_.data(), pending_.size()};
}

// The handler's time is up: the client gets 504 now, and the request lives on until the handler has ended.
void session::answer_late() {
    const auto late = std::move(exchange_);
    incoming_.reset();
    response res;
    into_response(error(errc::deadline_exceeded, "the handler ran out of time"), res);
    run_after_refusal(late->matched(), late->req(), res);
    late->abandon();
    keep_alive_ = false;
    answer(late->req(), late->head(), late->matched(), res);
    late->orphan();
}

void session::exchange_finished() {
    if (host_.working) {
        host_.home.post([waiting = exchange_] { waiting->report(); });
        return;
    }
    const scratch_use use(host_);
    ended();
    work({pending_.data(), pending_.size()});
    wire_.resume_input();
}

void session::written() {
    writing_ = false;
    if (state_ == state::sending) {
        const scratch_use use(host_);
        end_file(false);
    } else if (occupied()) {
        flush();
        const auto writer = exchange_;
        if (writer) writer->output_left();
        return;
    } else {
        resume_patience();
    }
    work({pending_.data(), pending_.size()});
    wire_.resume_input();
}

// Nothing was read while output waited: that time isn't the peer's.
void session::resume_patience() {
    deadline_ += host_.home.now() - taking_.begun();
    if (host_.draining && awaits_request()) deadline_ = std::min(deadline_, grace_end());
}

void session::tick(time_point now) {
    if (writing_ && !taking_.keeps_up(now, wire_.untaken(), host_.limits)) return wire_.abort();
    if (state_ == state::idle) rest(now);
    if (now < deadline_ || state_ >= state::streaming) return;
    if (state_ == state::handling && exchange_->awaits_body()) return body_late();
    if (state_ != state::handling && writing_) return;
    end_patience();
}

// The deadline of what the session waits for has passed.
void session::end_patience() {
    const scratch_use use(host_);
    if (state_ == state::idle)
        close();
    else if (state_ == state::handling)
        answer_late();
    else
        refuse(408, "the request took too long to arrive", known_request());
    flush();
}

// A stop waits no longer than that for what an unfinished request still lacks.
time_point session::grace_end() const noexcept {
    return weir::detail::later(host_.home.now(), host_.limits.drain_grace);
}

// While it comes, a request's grace begins again with each of its bytes, within the time that it has anyway.
void session::note_progress() {
    const bool unfinished = state_ == state::head || state_ == state::body;
    if (host_.draining && unfinished) deadline_ = std::min(whole_by_, grace_end());
}

void session::drain() {
    whole_by_ = deadline_;
    if (state_ <= state::body) deadline_ = std::min(deadline_, grace_end());
    if (state_ == state::handling && exchange_->awaits_body()) deadline_ = std::min(deadline_, grace_end());
    if (state_ == state::streaming) stop_endless();
}

void session::enter(state next, duration patience) {
    state_ = next;
    deadline_ = whole_by_ = weir::detail::later(host_.home.now(), patience);
    if (host_.draining && next <= state::body) deadline_ = std::min(deadline_, grace_end());
}

// A connection that has been idle for a while owns no buffer and no coroutine.
void session::rest(time_point now) {
    if (now < deadline_ - host_.limits.idle_time + std::chrono::seconds(1)) return;
    if (pending_.size() <= 2 && pending_.capacity() > 15) pending_.shrink_to_fit(); // no more than a line end
    if (exchange_) exchange_->orphan();
    exchange_.reset();
}

void session::close() {
    state_ = state::closing;
    pending_.clear();
    incoming_.reset();
}

void session::keep(std::span<char> rest) {
    if (state_ == state::closing) rest = {};
    const bool ours = rest.data() >= pending_.data() && rest.data() <= pending_.data() + pending_.size();
    if (rest.empty() && pending_.capacity() > small_request) return std::string().swap(pending_);
    if (rest.empty()) return pending_.clear();
    if (!ours) return void(pending_.assign(rest.data(), rest.size()));
    if (rest.data() != pending_.data()) std::memmove(pending_.data(), rest.data(), rest.size());
    pending_.resize(rest.size());
}

void session::flush() {
    // The output belongs to the loop: none of it may be left there for the next connection.
    if (file_) {
        const auto sending = std::move(file_);
        note_writing(!wire_.send_file(host_.output.view(), std::get<file_range>(sending->kind)));
        host_.output.clear();
        if (state_ == state::sending && !writing_ && !lost_) end_file(false);
    } else if (!host_.output.empty()) {
        note_writing(!wire_.write(host_.output.view()));
        host_.output.clear();
    }
    if (state_ != state::closing || finish_told_) return;
    finish_told_ = true;
    wire_.finish(!answered_last_);
}

void session::push(std::string& out) {
    note_writing(!wire_.write(out));
    out.clear();
}

void session::note_writing(bool waits) {
    if (waits && !writing_) taking_.begin(host_.home.now());
    writing_ = waits;
}

} // namespace weir::http::detail
