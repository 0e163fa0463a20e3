// SPDX-License-Identifier: MIT
#include "http/client_dialer.hpp"
#include "http/client_pool.hpp"
#include "http/client_response_parser.hpp"
#include "http/client_slots.hpp"
#include "http/client_wire.hpp"
#include <weir/http/client.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

namespace weir::http {

namespace asio = boost::asio;

namespace {

// One call on its way: what is asked, how much may come back, and what became of it.
struct client_call {
    client_call(client_request asked, client_url parsed, std::string rendered)
        : request(std::move(asked)), url(std::move(parsed)), head(std::move(rendered)) {}

    client_request request;
    client_url url;
    std::string head;
    client_response_parser::limits most{};
    client_interrupt stop{};
    error failure{};
    client_response response{};
};

error broken(const client_url& url, const boost::system::error_code& failed) {
    return {errc::unavailable, "the connection to " + url.authority() + " failed: " + failed.message()};
}

error at_host(const error& failure, const client_url& url) {
    return {failure.kind(), url.authority() + ": " + std::string(failure.message())};
}

// The end of the stream, told from a failure; under TLS only an orderly end counts (RFC 8446, 6.1).
result<void> ended(client_response_parser& parser, const client_url& url, const boost::system::error_code& failed) {
    if (failed != asio::error::eof && !(failed == asio::ssl::error::stream_truncated && !parser.reads_until_close()))
        return broken(url, failed);
    auto complete = parser.end_of_stream();
    if (!complete) return at_host(complete.error(), url);
    return ok();
}

task<result<void>> read_response(client_connection& connection, client_response_parser& parser, const client_url& url) {
    std::vector<char> room(16 * 1024);
    while (!parser.done()) {
        boost::system::error_code failed;
        const std::size_t got = co_await connection.read(room, failed);
        auto fed = parser.feed({room.data(), got});
        if (!fed) co_return at_host(fed.error(), url);
        if (failed && !parser.done()) co_return ended(parser, url, failed);
    }
    co_return ok();
}

// A server may answer and close before it has read the whole request, so what it said is read in any case.
task<result<void>> exchange(client_connection& connection, client_call& call, client_response_parser& parser) {
    const auto unsent = co_await connection.write(call.head, call.request.body);
    auto outcome = co_await read_response(connection, parser, call.url);
    if (!outcome && unsent) co_return broken(call.url, unsent);
    co_return outcome;
}

error why_stopped(const client_call& call) {
    if (call.stop.reason() == errc::deadline_exceeded)
        return {errc::deadline_exceeded, "no complete answer from " + call.url.authority() + " before the deadline"};
    return call.stop.reason();
}

} // namespace

struct client::impl {
    impl(loop& on, client_options given)
        : home(on), options(std::move(given)), dialer(on, options),
          pool(on, options.max_idle_per_host, options.idle_timeout), slots(options.max_per_host) {}

    task<result<client_response>> send(client_request request);
    task<void> run(client_call& call);
    task<bool> attempt(client_call& call, const std::string& key, bool fresh);
    time_point deadline_of(const client_request& request, const context& ctx) const;

    loop& home;
    const client_options options;
    client_dialer dialer;
    client_pool pool;
    client_slots slots;
    client_stats counts{};
};

time_point client::impl::deadline_of(const client_request& request, const context& ctx) const {
    const duration most = request.deadline.value_or(options.deadline);
    const time_point now = home.clock().now();
    const time_point own = most < time_point::max() - now ? now + most : time_point::max();
    return std::min(own, ctx.deadline());
}

task<result<client_response>> client::impl::send(client_request request) {
    const executor here = co_await this_task;
    if (&here.context().loop() != &home) co_return error(errc::internal, "this HTTP client belongs to another loop");
    auto url = parse_client_url(request.url);
    if (!url) co_return url.error();
    auto head = render_client_head(request, *url, options.user_agent);
    if (!head) co_return head.error();

    ++counts.calls;
    const time_point deadline = deadline_of(request, here.context());
    client_call call(std::move(request), std::move(*url), std::move(*head));
    call.most.head = options.max_head;
    call.most.body = call.request.max_body.value_or(options.max_body);
    if (deadline <= home.clock().now()) co_return error(errc::deadline_exceeded);
    co_await run_interruptible(deadline, call.stop, run(call));
    if (call.failure && call.stop.reason()) co_return why_stopped(call);
    if (call.failure) co_return call.failure;
    co_return std::move(call.response);
}

task<void> client::impl::run(client_call& call) {
    const std::string key = call.url.pool_key();
    client_slots::slot place = slots.try_take(key);
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

// Whether the call deserves a fresh connection: the idle one was dead before it brought a byte.
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
    client_response_parser parser(call.request.method == "HEAD", call.most);
    call.stop.on_raise([link = connection.get()] { link->close(); });
    auto outcome = co_await exchange(*connection, call, parser);
    call.stop.on_raise({});
    if (outcome) {
        call.failure = error();
        call.response = parser.take();
        if (parser.keep_alive() && !call.stop.reason()) pool.put(key, std::move(connection));
        co_return false;
    }
    call.failure = outcome.error();
    co_return connection->reused && !parser.started() && !call.stop.reason() && idempotent(call.request.method);
}

client::client(loop& home, client_options options) : impl_(std::make_unique<impl>(home, std::move(options))) {}

client::~client() = default;

task<result<client_response>> client::get(std::string_view url) { return send(client_request("GET", url)); }

task<result<client_response>> client::post(std::string_view url, std::string body, std::string_view content_type) {
    client_request request("POST", url);
    request.headers.add("Content-Type", std::string(content_type));
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
