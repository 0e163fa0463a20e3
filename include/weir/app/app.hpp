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
    std::string address = "0.0.0.0";           ///< to listen on
    std::int64_t port = 8080;                  ///< 0: any free one, named in the log
    std::int64_t loops = 0;                    ///< threads that serve; 0: one per processor
    duration drain = std::chrono::seconds(10); ///< for requests in flight after a signal; then they are cut
    /// Between readiness turning 503 and the listener closing, so that balancers look away first.
    duration announce = duration::zero();
    std::size_t connections = 10000; ///< open at once
    /// Of those, from one address; `server_options` says how it counts, and whom it doesn't.
    std::size_t connections_per_address = 1000;
    std::vector<std::string> unlimited_networks = http::unrouted_networks();
    http::limits limits{}; ///< of each connection
    /// HTTPS. SIGHUP reads the files again; when they are bad the log says so and the old certificate stays.
    std::optional<http::server_tls> tls{};
};

/// A service: a router, what starts and stops with it, and the server that carries it. main() makes one,
/// fills it and returns what `run` returns. Every part is a plain object of main(); nothing is global.
///
///     weir::app app;
///     app.get("/", [] { return "hello, world\n"; });
///     return app.run({.port = 8080});
class app : public http::router {
public:
    /// Logs to stderr unless given another log.
    explicit app(logger log = logger(stderr_sink()));
    ~app();

    const logger& log() const noexcept { return log_; }

    /// Runs before the listener opens, in this order; an error ends the start with exit status 1. A step that is late
    /// is cancelled and ends the start as well; with `duration::max()` it may take as long as it takes (migrations). A
    /// signal cancels the step that is under way. What a step adds itself (on_start, on_stop, check, routes) counts:
    /// its on_stop runs before those that were added earlier.
    app& on_start(std::string name, std::function<task<result<void>>()> step,
                  duration start_deadline = std::chrono::seconds(30));

    /// Runs after the drain, last in, first out; each has `stop_deadline`. The function returns nothing,
    /// a result, or a task of either. It runs on the control loop and shouldn't block: past all deadlines of the
    /// stop a process that still hangs is ended with status 1.
    template<class F>
    app& on_stop(std::string name, F step, duration stop_deadline = std::chrono::seconds(10)) {
        return add_stop(std::move(name), as_task(std::move(step)), stop_deadline);
    }

    /// Runs `f` each period while the service listens, on the control loop, never twice at once; `scheduler` says more.
    /// `f` returns nothing, a result, or a task of either. At a stop no run begins any more, and one that is under way
    /// has the drain's time; the parts stop after that.
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

    /// What /readyz asks beside the app's own state; an error makes it 503, whose message has the name. A verdict is
    /// remembered for a second, so that anyone may ask. Throws std::logic_error once the service listens.
    app& check(std::string name, std::function<task<result<void>>()> probe);

    /// Serves GET /healthz (the process answers) and GET /readyz (it wants traffic, and all checks pass); also when as
    /// many connections are open as there may be.
    app& serve_health();

    /// Starts the parts and the server, serves until SIGINT or SIGTERM, stops in order; once. A signal during the
    /// start ends it and stops what has started. A second signal ends the process at once, also later in main().
    /// SIGHUP reopens the log's file and reads the certificate's again; SIGPIPE is ignored unless the program
    /// handles it. An exception on the control loop is logged and stops the service. Returns the exit status: 0 when
    /// all went well, 1 when the start failed, a deadline cut something or an exception ended it, 2 for an option
    /// that makes no sense and for a second call.
    int run(run_options options = {});

    /// Ends `run` as a signal would. Thread-safe.
    void stop();

    /// What the server counts; zeros while there is none. Thread-safe. `observe_server` makes metrics of it:
    /// `weir::observe_server(metrics, [&app] { return app.stats(); })`.
    http::server_stats stats() const;

    /// Called on the control loop once the server listens, with its port.
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
