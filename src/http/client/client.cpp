// SPDX-License-Identifier: MIT
#include "http/client/dialer.hpp"
#include "http/client/download.hpp"
#include "http/client/pool.hpp"
#include "http/client/redirect.hpp"
#include "http/client/slots.hpp"
#include "http/client/timer.hpp"
#include "http/client/transfer.hpp"
#include "http/client/wire.hpp"
#include "http/message/request_timeout.hpp"
#include <weir/http/client.hpp>

#include <algorithm>

namespace weir::http {

namespace {

using detail::client_call;

// Marks the failure of a request that a server may have received.
error in_doubt(error failure) {
    if (failure.code() != name(failure.kind())) return failure; // a sink's or a source's own error
    return std::move(failure).with_code(std::string(outcome_unknown_code));
}

error why_stopped(const client_call& call) {
    if (call.stop.reason() == errc::deadline_exceeded)
        return {errc::deadline_exceeded, "no complete response from " + call.url.authority() + " before the deadline"};
    return call.stop.reason();
}

} // namespace

struct client::impl {
    impl(loop& on, client_options given)
        : home(on), options(std::move(given)), encodings(options.decompress ? detail::accepted_encodings() : ""),
          dialer(on, options, detail::client_lookup::system(on)), pool(on, options), slots(options.max_per_host) {}

    task<result<client_response>> send(client_request request);
    task<void> run(client_call& call);
    task<void> run_hop(client_call& call);
    bool redirect(client_call& call) const;
    void say_time_left(client_call& call) const;
    void settle(const client_call& call, std::string_view method, time_point begun);
    task<bool> attempt(client_call& call, const std::string& key, bool fresh);
    time_point deadline_of(const client_request& request, const context& ctx) const;

    loop& home;
    const client_options options;
    const std::string encodings; // for Accept-Encoding
    detail::client_dialer dialer;
    detail::client_pool pool;
    detail::client_slots slots;
    client_stats counts{};
};

time_point client::impl::deadline_of(const client_request& request, const context& ctx) const {
    const time_point own = detail::later(home.clock().now(), request.deadline.value_or(options.deadline));
    return std::min(own, ctx.deadline());
}

task<result<client_response>> client::impl::send(client_request request) {
    const executor here = co_await this_task;
    if (&here.context().loop() != &home) co_return error(errc::internal, "this HTTP client belongs to another loop");
    auto url = detail::parse_client_url(request.url);
    if (!url) co_return url.error();
    auto head = detail::render_client_head(request, *url, options.user_agent, encodings);
    if (!head) co_return head.error();

    ++counts.calls;
    const time_point begun = home.clock().now();
    const std::string method = request.method;
    const bool repeatable = request.idempotent();
    const time_point deadline = deadline_of(request, here.context());
    client_call call(std::move(request), std::move(*url), std::move(*head), counts);
    call.deadline = deadline;
    call.most.head = options.max_head;
    call.most.body = call.request.max_body.value_or(call.request.sink ? std::size_t(-1) : options.max_body);
    if (call.request.sink && !call.request.max_body) call.expansion = {options.max_body, options.max_expansion};
    call.max_redirects = call.request.max_redirects.value_or(options.max_redirects);
    call.decompress = options.decompress;
    call.first_byte = options.first_byte_timeout;
    call.between_bytes = options.between_bytes_timeout;
    if (deadline <= begun)
        call.failure = errc::deadline_exceeded;
    else
        co_await detail::run_interruptible(deadline, call.stop, run(call));
    if (call.failure && call.stop.reason()) call.failure = why_stopped(call);
    if (call.failure && call.exposed && !repeatable) call.failure = in_doubt(std::move(call.failure));
    settle(call, method, begun);
    if (call.failure) co_return call.failure;
    co_return std::move(call.response);
}

void client::impl::settle(const client_call& call, std::string_view method, time_point begun) {
    counts.redirects += static_cast<std::uint64_t>(call.redirects);
    if (call.failure) ++counts.failed;
    if (!options.on_call) return;
    const std::string host = call.url.authority();
    client_report report;
    report.method = method;
    report.host = host;
    report.status = call.failure ? 0 : call.response.status;
    report.failure = call.failure;
    report.took = home.clock().now() - begun;
    report.sent = call.sent;
    report.received = call.received;
    report.redirects = call.redirects;
    options.on_call(report);
}

task<void> client::impl::run(client_call& call) {
    do {
        co_await run_hop(call);
        if (call.failure) co_return;
    } while (redirect(call));
    call.response.url = call.url.whole();
}

// Whether the call continues at the URL that the response points to.
bool client::impl::redirect(client_call& call) const {
    if (!call.passes(call.response)) return false;
    if (call.redirects == call.max_redirects)
        call.failure =
            error(errc::unavailable,
                  call.url.authority() + " exceeds the limit of " + std::to_string(call.redirects) + " redirects");
    else if (auto followed = detail::follow_redirect(call.request, call.url, call.response); !followed)
        call.failure = followed.error();
    else if (auto head = detail::render_client_head(call.request, call.url, options.user_agent, encodings); !head)
        call.failure = head.error();
    else
        call.say(std::move(*head));
    if (!call.failure) ++call.redirects;
    return !call.failure;
}

task<void> client::impl::run_hop(client_call& call) {
    const std::string key = call.url.pool_key();
    detail::client_slots::slot place = slots.try_take(key);
    if (!place) place = co_await slots.take(key, call.stop);
    if (!place) {
        call.failure = call.stop.reason();
        co_return;
    }
    const bool again = co_await attempt(call, key, false);
    if (!again) co_return;
    ++counts.retried;
    co_await attempt(call, key, true);
}

// Written as late as possible, since a call may have waited for its connection.
void client::impl::say_time_left(client_call& call) const {
    if (!options.send_deadline || call.deadline == time_point::max()) return;
    if (call.request.headers.contains(detail::request_timeout_field)) return;
    const std::string line = detail::request_timeout_line(call.deadline - home.clock().now());
    call.head.resize(call.head.size() - call.time_line - 2);
    call.head.append(line).append("\r\n");
    call.time_line = line.size();
}

// Whether to repeat the call on a new connection: the idle one was dead before it delivered a byte.
task<bool> client::impl::attempt(client_call& call, const std::string& key, bool fresh) {
    auto connection = fresh ? nullptr : pool.take(key);
    if (connection) {
        ++counts.reused;
    } else {
        auto dialed = co_await dialer.dial(call.url, call.stop);
        call.failure = dialed ? error() : dialed.error();
        if (!dialed) co_return false;
        ++counts.opened;
        connection = std::move(*dialed);
    }
    say_time_left(call);
    detail::client_response_parser parser(call.request.method == "HEAD", call.most);
    result<void> outcome = ok();
    {
        const detail::cut_scope scope(call.stop, [link = connection.get()] { link->close(); });
        outcome = co_await detail::transfer(home, *connection, call, parser);
    }
    if (outcome) {
        call.failure = error();
        call.response = parser.take();
        if (parser.keep_alive() && connection->open()) pool.put(key, std::move(connection));
        co_return false;
    }
    call.failure = outcome.error();
    const bool was_dead = connection->reused && !parser.started() && call.failure == errc::unavailable;
    co_return was_dead && !call.stop.reason() && call.request.idempotent() && !call.request.source;
}

bool client_request::idempotent() const noexcept {
    if (repeatable) return *repeatable;
    if (source) return false;
    for (const std::string_view one : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
        if (method == one) return true;
    return false;
}

client::client(loop& home, client_options options) : impl_(std::make_unique<impl>(home, std::move(options))) {}

client::~client() = default;

task<result<client_response>> client::get(std::string_view url) { return send(client_request(method::get, url)); }

task<result<client_response>> client::post(std::string_view url, std::string body, std::string_view content_type) {
    client_request request(method::post, url);
    request.headers.add("Content-Type", content_type);
    request.body = std::move(body);
    return send(std::move(request));
}

task<result<client_response>> client::send(client_request request) { return impl_->send(std::move(request)); }

void client::close_idle() noexcept { impl_->pool.clear(); }

client_stats client::stats() const noexcept {
    client_stats now = impl_->counts;
    now.idle = impl_->pool.size();
    now.waiting = impl_->slots.waiting();
    return now;
}

} // namespace weir::http
