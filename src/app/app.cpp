// SPDX-License-Identifier: MIT
#include "app/readiness.hpp"
#include "app/shutdown_watchdog.hpp"
#include "core/broken_pipe.hpp"
#include "core/event.hpp"
#include <weir/app/app.hpp>
#include <weir/observe/lifecycle_log.hpp>

#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

namespace weir {

namespace asio = boost::asio;

struct app::impl {
    explicit impl(const logger& to) : log(to), parts(log_lifecycle(to)), jobs(to) {}

    using running_server = std::optional<http::server>;
    class control_scope;

    int run(app& self, const run_options& options);
    void run_control(loop& home);
    task<void> serve(app& self, const run_options& options);
    result<void> listen(app& self, const run_options& options, running_server& server);
    void count(http::server* whose);
    void announce_port(std::uint16_t port);
    task<bool> stop(running_server& server, const run_options& options);
    void listen_for_signals();
    void reload_at(asio::signal_set& hangups, running_server& server);
    void reload(running_server& server);
    void asked_to_stop(std::string_view why);
    void watch_stop();
    void fail(std::string_view what, const error& why);

    logger log;
    lifecycle parts;
    scheduler jobs;
    readiness checks;
    std::function<void(std::uint16_t)> listening;
    std::atomic<bool> ready{false};

    std::mutex mutex; // guards control, counted and stop_early
    loop* control = nullptr;
    http::server* counted = nullptr;
    bool stop_early = false;

    std::unique_ptr<asio::signal_set> signals;
    detail::event asked; // to stop
    bool begun = false;  // run() was called
    bool serving = false;
    bool stopping = false;
    bool failed = false;
    shutdown_watchdog watchdog;
    duration drain_time{}; // from a signal to the end of the drain
};

app::app(logger log) : log_(std::move(log)), impl_(std::make_unique<impl>(log_)) {}

app::~app() = default;

app& app::on_start(std::string name, std::function<task<result<void>>()> step, duration start_deadline) {
    lifecycle_part part;
    part.name = std::move(name);
    part.start = std::move(step);
    part.start_deadline = start_deadline;
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

scheduler& app::jobs() noexcept { return impl_->jobs; }

app& app::check(std::string name, std::function<task<result<void>>()> probe) {
    if (impl_->serving)
        throw std::logic_error("check \"" + name + "\" was added too late: the service is already listening");
    impl_->checks.add(std::move(name), std::move(probe));
    return *this;
}

http::server_stats app::stats() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->counted ? impl_->counted->stats() : http::server_stats{};
}

app& app::on_listening(std::function<void(std::uint16_t)> f) {
    impl_->listening = std::move(f);
    return *this;
}

app& app::serve_health() {
    router checks = with({});
    checks.critical();
    checks.get("/healthz", [] {
        response res;
        into_response("ok\n", res);
        return res;
    });
    checks.get("/readyz", [state = impl_.get()]() -> task<response> {
        response res;
        error failed(errc::unavailable, "not ready");
        if (state->ready) failed = co_await state->checks.verdict();
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
    if (options.port < 0 || options.port > 65535) {
        std::fprintf(stderr, "run_options: port = %lld: accepted 0..65535\n", static_cast<long long>(options.port));
        return false;
    }
    if (options.loops < 0 || options.loops > 1024) {
        std::fprintf(stderr, "run_options: loops = %lld: accepted 0..1024\n", static_cast<long long>(options.loops));
        return false;
    }
    if (options.drain < duration::zero() || options.announce < duration::zero()) {
        std::fprintf(stderr, "run_options: drain and announce: accepted 0 or more\n");
        return false;
    }
    return true;
}

http::server_options server_part(const run_options& options, const logger& log) {
    http::server_options server;
    server.log = log;
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

// The control loop while it runs: `stop()` posts to it from any thread, and it receives the signals.
class app::impl::control_scope {
public:
    control_scope(impl& of, loop& home) : of_(of) {
        const std::lock_guard lock(of_.mutex);
        of_.control = &home;
        if (of_.stop_early) home.post([&of] { of.asked_to_stop("stop()"); });
        of_.signals = std::make_unique<asio::signal_set>(home.io(), SIGINT, SIGTERM);
    }
    ~control_scope() {
        const std::lock_guard lock(of_.mutex);
        of_.control = nullptr;
        of_.signals.reset();
    }
    control_scope(const control_scope&) = delete;
    control_scope& operator=(const control_scope&) = delete;

private:
    impl& of_;
};

int app::impl::run(app& self, const run_options& options) {
    if (!sensible(options)) return 2;
    if (std::exchange(begun, true)) {
        log.error("run() was already called; use a new app to run again");
        return 2;
    }
    weir::detail::ignore_broken_pipes();
    drain_time = detail::sum(options.announce, options.drain);
    const shutdown_watchdog::guard watched(watchdog);
    loop home;
    const control_scope control_of(*this, home);
    listen_for_signals();
    asio::co_spawn(home.get_executor(), serve(self, options), [this, &home](std::exception_ptr thrown) {
        if (thrown) failed = true;
        home.stop();
    });
    run_control(home);
    return failed ? 1 : 0;
}

// An exception of a task or callback on the control loop stops the service in order.
void app::impl::run_control(loop& home) {
    for (;;) {
        try {
            return home.run();
        } catch (...) {
            fail("uncaught exception on the control loop", current_error());
        }
    }
}

void app::impl::fail(std::string_view what, const error& why) {
    log.error(what, field("error", why));
    failed = true;
    asked_to_stop("a failure");
}

void app::impl::listen_for_signals() {
    signals->async_wait([this](const boost::system::error_code& failed, int number) {
        if (!failed) asked_to_stop(number == SIGINT ? "SIGINT" : "SIGTERM");
    });
}

extern "C" void end_at_once(int number) { std::_Exit(128 + number); }

void app::impl::reload_at(asio::signal_set& hangups, running_server& server) {
    hangups.async_wait([this, &hangups, &server](const boost::system::error_code& ended, int) {
        if (ended) return;
        reload_at(hangups, server);
        reload(server);
    });
}

// Handles SIGHUP: reopens the log file, which was renamed, and reloads the certificate, which was renewed.
void app::impl::reload(running_server& server) {
    if (const auto reopened = log.reopen())
        log.info("log reopened");
    else
        log.error("can't reopen the log file; keeping the old one", field("error", reopened.error()));
    if (!server || !server->has_tls()) return;
    if (const auto reloaded = server->reload_tls())
        log.info("certificate reloaded");
    else
        log.error("can't reload the certificate; keeping the old one", field("error", reloaded.error()));
}

void app::impl::asked_to_stop(std::string_view why) {
    if (stopping) return;
    stopping = true;
    ready = false;
    // From here on signals don't need a loop, which a part's stop may block. Must precede the log line, whose reader
    // may send a signal.
    signals->clear();
    std::signal(SIGINT, end_at_once);
    std::signal(SIGTERM, end_at_once);
    log.info("stopping", field("why", why));
    watch_stop();
    parts.cancel_start();
    asked.wake();
}

// From here on everything ends within its deadlines, or the process is ended.
void app::impl::watch_stop() {
    // a start step or a job may have to end first
    const duration rest = detail::sum(lifecycle::patience, parts.stop_time());
    watchdog.arm(detail::sum(detail::sum(drain_time, rest), shutdown_watchdog::slack), log);
}

task<void> app::impl::serve(app& self, const run_options& options) {
    const executor here = co_await this_task;
    loop& home = here.context().loop();
    running_server server;
    asio::signal_set hangups(home.io(), SIGHUP);
    reload_at(hangups, server);
    auto started = co_await parts.start();
    if (started && !stopping) started = listen(self, options, server);
    if (!started && !stopping) fail("start failed", started.error());
    if (!stopping) {
        jobs.start(home);
        ready = true;
        log.info("listening", field("address", options.address), field("port", server->port()));
        announce_port(server->port());
    }
    if (!stopping) co_await asked.wait_uninterrupted();
    const bool clean = co_await stop(server, options);
    count(nullptr);
    if (!clean) failed = true;
    log.info("stopped", field("clean", !failed));
    if (const auto flushed = log.flush(); !flushed) failed = true;
}

result<void> app::impl::listen(app& self, const run_options& options, running_server& server) {
    serving = true;
    server.emplace(self, server_part(options, log));
    count(&*server);
    return server->start();
}

void app::impl::count(http::server* whose) {
    const std::lock_guard lock(mutex);
    counted = whose;
}

void app::impl::announce_port(std::uint16_t port) {
    try {
        if (listening) listening(port);
    } catch (...) {
        fail("on_listening failed", current_error());
    }
}

task<bool> app::impl::stop(running_server& server, const run_options& options) {
    const executor here = co_await this_task;
    const weir::clock& time = here.context().loop().clock();
    jobs.end();
    result<void> drained = ok();
    const time_point drained_at = detail::later(time.now(), detail::sum(options.announce, options.drain));
    if (server) {
        if (options.announce > duration::zero()) co_await sleep_for(options.announce);
        drained = co_await server->stop(drained_at);
        if (!drained)
            log.error("requests cut off at the drain's deadline", field("connections", server->stats().aborted));
    }
    const bool jobs_ended = co_await jobs.stop(drained_at);
    const bool parts_clean = co_await parts.stop();
    const bool clean = drained.has_value() && jobs_ended && parts_clean;
    co_return clean;
}

} // namespace weir
