// SPDX-License-Identifier: MIT
#include "app/last_resort.hpp"
#include "core/broken_pipe.hpp"
#include <weir/app/app.hpp>
#include <weir/observe/lifecycle_log.hpp>

#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace weir {

namespace asio = boost::asio;

namespace {

struct named_probe {
    std::string name;
    std::function<task<result<void>>()> run;
};

} // namespace

struct app::impl {
    explicit impl(const logger& to) : log(to), parts(log_lifecycle(to)) {}

    int run(app& self, const run_options& options);
    task<void> serve(app& self, const run_options& options);
    task<bool> stop(http::server& server, const run_options& options);
    void listen_for_signals();
    void reload_at(asio::signal_set& hangups, http::server* tls_server);
    void reload(http::server* tls_server);
    void asked_to_stop(std::string_view why);

    logger log;
    lifecycle parts;
    std::vector<named_probe> probes;
    std::function<void(std::uint16_t)> listening;
    std::atomic<bool> ready{false};

    std::mutex mutex; // guards control and stop_early
    loop* control = nullptr;
    bool stop_early = false;

    std::unique_ptr<asio::signal_set> signals;
    std::function<void()> wake;
    bool stopping = false;
    int status = 0;
    last_resort resort;
    duration stop_time{}; // all deadlines of a stop
};

app::app(logger log) : log_(std::move(log)), impl_(std::make_unique<impl>(log_)) {}

app::~app() = default;

app& app::on_start(std::string name, std::function<task<result<void>>()> step) {
    lifecycle_part part;
    part.name = std::move(name);
    part.start = std::move(step);
    impl_->parts.add(std::move(part));
    return *this;
}

app& app::add_stop(std::string name, std::function<task<result<void>>()> step, duration deadline) {
    lifecycle_part part;
    part.name = std::move(name);
    part.stop = std::move(step);
    part.stop_deadline = deadline;
    impl_->parts.add(std::move(part));
    return *this;
}

app& app::check(std::string name, std::function<task<result<void>>()> probe) {
    impl_->probes.push_back({std::move(name), std::move(probe)});
    return *this;
}

app& app::on_listening(std::function<void(std::uint16_t)> f) {
    impl_->listening = std::move(f);
    return *this;
}

app& app::serve_health() {
    get("/healthz", [] {
        response res;
        into_response("ok\n", res);
        return res;
    });
    get("/readyz", [state = impl_.get()]() -> task<response> {
        response res;
        if (!state->ready) {
            into_response(error(errc::unavailable, "not ready"), res);
            co_return res;
        }
        error failed;
        for (const auto& probe : state->probes) {
            const auto outcome = co_await probe.run();
            if (outcome) continue;
            failed = error(errc::unavailable, probe.name + " isn't ready").caused_by(outcome.error());
            break;
        }
        if (failed)
            into_response(failed, res);
        else
            into_response("ready\n", res);
        co_return res;
    });
    return *this;
}

int app::run(run_options options) { return impl_->run(*this, options); }

void app::stop() {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->control) {
        impl_->stop_early = true;
        return;
    }
    impl_->control->post([state = impl_.get()] { state->asked_to_stop("stop()"); });
}

namespace {

bool sensible(const run_options& options) {
    if (options.port < 0 || options.port > 65535)
        return std::fprintf(stderr, "run_options: port = %lld: accepted 0..65535\n",
                            static_cast<long long>(options.port)),
               false;
    if (options.loops < 0 || options.loops > 1024)
        return std::fprintf(stderr, "run_options: loops = %lld: accepted 0..1024\n",
                            static_cast<long long>(options.loops)),
               false;
    return true;
}

http::server_options server_part(const run_options& options) {
    http::server_options server;
    server.address = options.address;
    server.port = static_cast<std::uint16_t>(options.port);
    server.loops = static_cast<unsigned>(options.loops);
    server.connections = options.connections;
    server.connections_per_address = options.connections_per_address;
    server.unlimited_networks = options.unlimited_networks;
    server.limits = options.limits;
    server.tls = options.tls;
    return server;
}

} // namespace

int app::impl::run(app& self, const run_options& options) {
    if (!sensible(options)) return 2;
    weir::detail::ignore_broken_pipes();
    stop_time = options.announce + options.drain + parts.stop_time();
    const last_resort::guard watched(resort);
    loop home;
    {
        const std::lock_guard lock(mutex);
        control = &home;
        if (stop_early) home.post([this] { asked_to_stop("stop()"); });
    }
    signals = std::make_unique<asio::signal_set>(home.io(), SIGINT, SIGTERM);
    listen_for_signals();
    home.spawn(serve(self, options));
    home.run();
    const std::lock_guard lock(mutex);
    control = nullptr;
    signals.reset();
    return status;
}

void app::impl::listen_for_signals() {
    signals->async_wait([this](const boost::system::error_code& failed, int number) {
        if (!failed) asked_to_stop(number == SIGINT ? "SIGINT" : "SIGTERM");
    });
}

extern "C" void end_at_once(int number) { std::_Exit(128 + number); }

void app::impl::reload_at(asio::signal_set& hangups, http::server* tls_server) {
    hangups.async_wait([this, &hangups, tls_server](const boost::system::error_code& failed, int) {
        if (failed) return;
        reload(tls_server);
        reload_at(hangups, tls_server);
    });
}

// What SIGHUP asks for: the log's file, which was renamed, and the certificate's, which were renewed.
void app::impl::reload(http::server* tls_server) {
    if (const auto reopened = log.reopen())
        log.info("log reopened");
    else
        log.error("the log's file stays as it was", field("error", reopened.error()));
    if (!tls_server) return;
    if (const auto reloaded = tls_server->reload_tls())
        log.info("certificate reloaded");
    else
        log.error("the certificate stays as it was", field("error", reloaded.error()));
}

void app::impl::asked_to_stop(std::string_view why) {
    if (stopping) return;
    stopping = true;
    ready = false;
    // From now on a signal needs no loop, which a part's stop may hold up. Whoever reads the line may send one.
    signals->clear();
    std::signal(SIGINT, end_at_once);
    std::signal(SIGTERM, end_at_once);
    log.info("stopping", field("why", why));
    resort.arm(stop_time + last_resort::slack, log);
    if (wake) std::exchange(wake, nullptr)();
}

task<void> app::impl::serve(app& self, const run_options& options) {
    const executor here = co_await this_task;
    loop& home = here.context().loop();
    http::server server(self, server_part(options));
    asio::signal_set hangups(home.io(), SIGHUP);
    reload_at(hangups, options.tls ? &server : nullptr);
    auto begun = co_await parts.start();
    const bool parts_started = begun.has_value();
    if (begun) begun = server.start();
    if (!begun) {
        log.error("start failed", field("error", begun.error()));
        if (parts_started) co_await parts.stop();
        status = 1;
        home.stop();
        co_return;
    }
    ready = !stopping;
    log.info("listening", field("address", options.address), field("port", server.port()));
    if (listening) listening(server.port());

    auto until_asked = [this](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        wake = [shared] { std::move (*shared)(); };
    };
    if (!stopping) co_await asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(until_asked, use_task);
    const bool clean = co_await stop(server, options);
    status = clean ? 0 : 1;
    log.info("stopped", field("clean", clean));
    if (const auto flushed = log.flush(); !flushed) status = 1;
    home.stop();
}

task<bool> app::impl::stop(http::server& server, const run_options& options) {
    const executor here = co_await this_task;
    const weir::clock& time = here.context().loop().clock();
    if (options.announce > duration::zero()) co_await sleep_for(options.announce);
    const auto drained = co_await server.stop(time.now() + options.drain);
    if (!drained) log.error("requests cut at the drain's deadline", field("connections", server.stats().cut));
    const bool parts_clean = co_await parts.stop();
    co_return drained.has_value() && parts_clean;
}

} // namespace weir
