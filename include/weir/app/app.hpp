// SPDX-License-Identifier: MIT
#pragma once

#include <weir/app/scheduler.hpp>
#include <weir/core/lifecycle.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/observe/log.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

struct run_options {
    std::string address = "0.0.0.0";           ///< address to listen on
    std::int64_t port = 8080;                  ///< 0: any free port, which is logged
    std::int64_t loops = 0;                    ///< server threads; 0: one per processor
    duration drain = std::chrono::seconds(10); ///< time for requests in flight after a signal; then they are cut off
    /// Delay between readiness turning 503 and the listener closing, so that load balancers can stop sending requests.
    duration announce = duration::zero();
    std::size_t connections = 10000; ///< maximum number of open connections
    /// Limit per client address; `server_options` says how addresses are counted and which are exempt.
    std::size_t connections_per_address = 1000;
    std::vector<std::string> unlimited_networks = http::unrouted_networks();
    http::limits limits{}; ///< limits of each connection
    /// HTTPS. SIGHUP reloads the files; if they are invalid, the old certificate stays in use and the error is logged.
    std::optional<http::server_tls> tls{};
};

/// A service: a router, the parts that start and stop with it, and the server. main() creates an app, sets it up and
/// returns the result of `run`. Every part is a plain object of main(); there are no globals.
///
///     weir::app app;
///     app.get("/", [] { return "hello, world\n"; });
///     return app.run({.port = 8080});
class app : public http::router {
public:
    /// Logs to stderr by default.
    explicit app(logger log = logger(stderr_sink()));
    ~app();

    const logger& log() const noexcept { return log_; }

    /// Adds a step that runs before the listener opens, in this order; an error ends the start with exit status 1. A
    /// step past its deadline is cancelled and ends the start too; `duration::max()` means no deadline (migrations). A
    /// signal cancels the step in progress. A step may itself call on_start, on_stop, check and add routes; its on_stop
    /// runs before those added earlier.
    app& on_start(std::string name, std::function<task<result<void>>()> step,
                  duration start_deadline = std::chrono::seconds(30));

    /// Adds a step that runs after the drain, in reverse order, each limited to `stop_deadline`. The function returns
    /// nothing, a result, or a task of either. It runs on the control loop and shouldn't block: a process that still
    /// hangs after all stop deadlines is ended with status 1.
    template<class F>
    app& on_stop(std::string name, F step, duration stop_deadline = std::chrono::seconds(10)) {
        return add_stop(std::move(name), as_task(std::move(step)), stop_deadline);
    }

    /// Runs `f` once per period on the control loop while the service listens, never concurrently with itself; see
    /// `scheduler`. `f` returns nothing, a result, or a task of either. A stop begins no further run and gives a run in
    /// progress the drain's time; the parts stop after that.
    ///
    ///     app.every("expiry", 1min, [&] { return orders.cancel_expired(); }, {.timeout = 30s});
    template<class F>
    app& every(std::string name, duration period, F f, job_options options = {}) {
        jobs().every(std::move(name), period, std::move(f), options);
        return *this;
    }

    /// The same at the times of a cron_expression.
    template<class F>
    app& cron(std::string name, std::string_view expression, F f, job_options options = {}) {
        jobs().cron(std::move(name), expression, std::move(f), options);
        return *this;
    }

    /// The jobs of `every` and `cron`: `app.jobs().on_run(measure_jobs(metrics))`.
    scheduler& jobs() noexcept;

    /// Adds a check to /readyz; an error makes it 503 with the name in the message. Results are cached for a second, so
    /// frequent requests are cheap. Throws std::logic_error once the service listens.
    app& check(std::string name, std::function<task<result<void>>()> probe);

    /// Serves GET /healthz (the process responds) and GET /readyz (the service accepts traffic and all checks pass),
    /// even when the connection limit is reached.
    app& serve_health();

    /// Starts the parts and the server, serves until SIGINT or SIGTERM, then stops everything in order. Call once. A
    /// signal during the start cancels it and stops the started parts. A second signal ends the process at once, even
    /// later in main(). SIGHUP reopens the log file and reloads the certificate; SIGPIPE is ignored unless the program
    /// handles it. An exception on the control loop is logged and stops the service. Returns the exit status: 0 on
    /// success; 1 when the start failed, a deadline cut something off or an exception ended it; 2 for an invalid option
    /// or a second call.
    int run(run_options options = {});

    /// Ends `run` as a signal does. Thread-safe.
    void stop();

    /// The server's counters; zeros while no server runs. Thread-safe. `observe_server` exports them as metrics:
    /// `weir::observe_server(metrics, [&app] { return app.stats(); })`.
    http::server_stats stats() const;

    /// Sets a function that is called on the control loop once the server listens, with its port.
    app& on_listening(std::function<void(std::uint16_t)> f);

private:
    struct impl;

    app& add_stop(std::string name, std::function<task<result<void>>()> step, duration deadline);

    template<class F>
    static std::function<task<result<void>>()> as_task(F step) {
        if constexpr (std::is_same_v<std::invoke_result_t<F&>, task<result<void>>>)
            return step;
        else
            return [step = std::move(step)]() mutable { return run_step(step); };
    }

    template<class F>
    static task<result<void>> run_step(F& step) {
        using returned = std::invoke_result_t<F&>;
        if constexpr (std::is_void_v<returned>) {
            step();
            co_return ok();
        } else if constexpr (std::is_same_v<returned, task<void>>) {
            co_await step();
            co_return ok();
        } else if constexpr (is_task<returned>) {
            co_return co_await step();
        } else {
            co_return step();
        }
    }

    logger log_;
    std::unique_ptr<impl> impl_;
};

} // namespace weir
