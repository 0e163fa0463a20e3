// SPDX-License-Identifier: MIT
#include "http/client_dialer.hpp"
#include "http/client_exchange.hpp"
#include "http/client_pool.hpp"
#include "http/client_slots.hpp"
#include "http/client_timer.hpp"
#include "http/client_wire.hpp"
#include <weir/http/client.hpp>

#include <algorithm>

namespace weir::http {

namespace {

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
    const time_point own = later(home.clock().now(), request.deadline.value_or(options.deadline));
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
    client_call call(std::move(request), std::move(*url), std::move(*head), counts);
    call.most.head = options.max_head;
    call.most.body = call.request.max_body.value_or(options.max_body);
    call.first_byte = options.first_byte_timeout;
    call.between_bytes = options.between_bytes_timeout;
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
    auto outcome = co_await exchange(home, *connection, call, parser);
    call.stop.on_raise({});
    if (outcome) {
        call.failure = error();
        call.response = parser.take();
        if (parser.keep_alive() && !call.stop.reason()) pool.put(key, std::move(connection));
        co_return false;
    }
    call.failure = outcome.error();
    const bool was_dead = connection->reused && !parser.started() && call.failure == errc::unavailable;
    co_return was_dead && !call.stop.reason() && idempotent(call.request.method);
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
