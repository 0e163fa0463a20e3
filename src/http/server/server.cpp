// SPDX-License-Identifier: MIT
#include "core/broken_pipe.hpp"
#include "core/suspend_on_loop.hpp"
#include "http/message/check_limits.hpp"
#include "http/server/descriptor_limit.hpp"
#include "http/server/uncaught.hpp"
#include "http/server/worker.hpp"
#include "http/tls/context.hpp"
#include <weir/http/server.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <vector>

namespace weir::http {

namespace asio = boost::asio;
using detail::worker;

// RFC 1918 and 4193, then carrier-grade NAT and cloud load balancers (RFC 6598), and link-local (RFC 3927 and 4291).
std::vector<std::string> unrouted_networks() {
    return {"127.0.0.0/8", "::1",           "10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
            "fc00::/7",    "100.64.0.0/10", "169.254.0.0/16", "fe80::/10"};
}

struct server::impl {
    impl(const router& given, server_options with, const weir::clock& source)
        : routes(given.table()), options(std::move(with)), time(source), port(options.port) {}

    ~impl() { end_loops(); }

    result<void> start();
    void fit_descriptors();
    result<void> run_loops();
    void end_loops();
    void serve(std::size_t index);

    std::shared_ptr<detail::route_table> routes;
    server_options options;
    const weir::clock& time;
    std::uint16_t port;
    detail::server_counters counters;
    std::optional<detail::address_limit> addresses;
    detail::tls_slot tls{time};
    std::vector<std::unique_ptr<worker>> workers;
    std::vector<std::thread> threads;
};

void server::impl::serve(std::size_t index) {
    pthread_setname_np(pthread_self(), ("weir-" + std::to_string(index)).c_str());
    detail::through_exceptions(options.log, [this, index] { workers[index]->loop().run(); });
}

result<void> server::impl::start() {
    weir::detail::ignore_broken_pipes();
    counters.events.log_to(options.log);
    counters.incoming.set(options.incoming_memory);
    fit_descriptors();
    if (error wrong = detail::check_limits(options.limits)) return wrong;
    if (options.connections == 0)
        return error(errc::invalid_argument, "server_options.connections = 0: accepted 1 or more");
    if (options.backlog < 1)
        return error(errc::invalid_argument,
                     "server_options.backlog = " + std::to_string(options.backlog) + ": accepted 1 or more");
    if (options.tls)
        if (auto loaded = tls.load(*options.tls); !loaded) return loaded;
    auto unlimited = detail::network_list::from(options.unlimited_networks);
    if (!unlimited) return unlimited.error();
    addresses.emplace(options.connections_per_address, std::move(*unlimited));
    const unsigned loops = options.loops != 0 ? options.loops : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < loops; ++i) {
        workers.push_back(std::make_unique<worker>(routes, options, counters, time));
        workers.back()->limit_addresses(*addresses);
        if (options.tls) workers.back()->use_tls(tls);
        if (auto bound = workers.back()->listen(port, i == 0); !bound) {
            workers.clear();
            return bound;
        }
    }
    return run_loops();
}

// A connection uses a descriptor; a tenth of them is left for everything else.
void server::impl::fit_descriptors() {
    const std::size_t most = detail::raise_descriptor_limit();
    const std::size_t fitting = most - most / 10;
    if (options.connections <= fitting) return;
    options.log.warn("fewer connections than configured: the process has too few file descriptors",
                     field("connections", options.connections), field("limit", fitting), field("descriptors", most));
    options.connections = fitting;
}

// If a thread can't be started, none remains.
result<void> server::impl::run_loops() {
    try {
        for (std::size_t i = 0; i < workers.size(); ++i) {
            workers[i]->accept();
            threads.emplace_back([this, i] { serve(i); });
        }
        return ok();
    } catch (const std::system_error& refused) {
        end_loops();
        workers.clear();
        return error(errc::unavailable, "can't start a thread for each loop")
            .caused_by(error(errc::unavailable, refused.what()));
    }
}

void server::impl::end_loops() {
    for (auto& one : workers) one->loop().stop();
    for (auto& thread : threads) thread.join();
    threads.clear();
}

server::server(const router& routes, server_options options, const weir::clock& time)
    : impl_(std::make_unique<impl>(routes, std::move(options), time)) {}

server::~server() = default;

result<void> server::start() { return impl_->start(); }

result<void> server::reload_tls() {
    if (!impl_->options.tls) return error(errc::invalid_argument, "this server has no TLS to reload");
    return impl_->tls.load(*impl_->options.tls);
}

bool server::has_tls() const noexcept { return impl_->options.tls.has_value(); }

std::uint16_t server::port() const noexcept { return impl_->port; }

server_stats server::stats() const noexcept {
    const auto& counters = impl_->counters;
    constexpr auto relaxed = std::memory_order_relaxed;
    using event = detail::server_event;
    server_stats now;
    now.accepted = counters.accepted.load(relaxed);
    now.refused_by_address = counters.events.count(event::refused_by_address);
    now.refused = counters.events.count(event::full) + now.refused_by_address;
    now.accept_failed = counters.events.count(event::accept_failed);
    now.handshake_failed = counters.events.count(event::handshake_failed);
    now.malformed = counters.events.count(event::malformed);
    now.aborted = counters.aborted.load(relaxed);
    now.open = counters.open.load(relaxed);
    now.limit = impl_->options.connections;
    return now;
}

namespace {

// Shared by the draining loops and the control loop that waits for them.
struct drain_wait {
    explicit drain_wait(std::size_t loops) : left(loops) {}

    std::atomic<std::size_t> left;
    std::atomic<bool> past_deadline{false};
};

} // namespace

task<result<void>> server::stop(time_point deadline) {
    const executor here = co_await this_task;
    weir::loop& control = here.context().loop();
    auto wait = std::make_shared<drain_wait>(impl_->workers.size());
    impl* const all = impl_.get();
    if (all->workers.empty()) co_return ok();

    auto begin = [&control, wait, all, deadline](std::shared_ptr<weir::detail::loop_waiter<>> done) {
        const auto timer = control.call_at(deadline, [wait, all] {
            wait->past_deadline = wait->left != 0;
            for (auto& one : all->workers) one->loop().post([w = one.get()] { w->abort_all(); });
        });
        const auto gone = [&control, wait, done, timer] {
            if (wait->left.fetch_sub(1) != 1) return;
            control.post([&control, done, timer] {
                control.cancel_timer(timer);
                done->resume();
            });
        };
        for (auto& one : all->workers) one->loop().post([w = one.get(), gone] { w->drain(gone); });
    };
    co_await weir::detail::suspend_on_loop(begin);
    if (wait->past_deadline && stats().aborted != 0) co_return errc::deadline_exceeded;
    co_return ok();
}

} // namespace weir::http
