// SPDX-License-Identifier: MIT
// labels: integration
#include "support/socket_client.hpp"
#include "support/temporary_folder.hpp"
#include <weir/app.hpp>
#include <weir/core/blocking_pool.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <mutex>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace weir;
using namespace std::chrono_literals;
using test_support::socket_client;

namespace {

// Collects a log's lines.
class log_capture {
public:
    logger log() {
        return logger(callback_sink([this](std::string_view line) { add(line); }), {.asynchronous = false});
    }
    bool waits_for(std::string_view text) {
        std::unique_lock lock(mutex_);
        return said_.wait_for(lock, 20s, [&] { return all_.find(text) != std::string::npos; });
    }
    std::string all() {
        const std::lock_guard lock(mutex_);
        return all_;
    }

private:
    void add(std::string_view line) {
        {
            const std::lock_guard lock(mutex_);
            all_.append(line).append("\n");
        }
        said_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable said_;
    std::string all_;
};

// A handler that blocks until released, whatever happens to its request.
struct gate {
    std::promise<void> entered{};
    std::promise<void> opened{};
    blocking_pool pool{{.name = "gate", .threads = 1}};

    task<result<std::string>> pass() {
        auto job = [this]() -> std::string {
            entered.set_value();
            opened.get_future().wait();
            return "passed";
        };
        co_return co_await pool.run(job);
    }
};

run_options anywhere() {
    run_options options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.loops = 1;
    return options;
}

// Runs the app on this thread and `visit(port)` on another.
template<class F>
int run(app& service, F visit, run_options options = anywhere()) {
    std::thread visitor;
    service.on_listening([&](std::uint16_t port) { visitor = std::thread([&visit, port] { visit(port); }); });
    const int status = service.run(options);
    if (visitor.joinable()) visitor.join();
    return status;
}

// Runs `body` in a child process; returns its exit status, or 1000 if a signal killed it.
template<class F>
int status_of_process(F body, int signal_when_ready = 0) {
    int ready[2] = {};
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) std::_Exit(body([&] { return ::write(ready[1], "r", 1) == 1; }));
    if (signal_when_ready != 0) {
        char byte = 0;
        REQUIRE(::read(ready[0], &byte, 1) == 1);
        ::kill(child, signal_when_ready);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    ::close(ready[0]);
    ::close(ready[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

bool appears(const std::string& path) {
    const auto late = std::chrono::steady_clock::now() + 20s;
    while (!std::filesystem::exists(path))
        if (std::chrono::steady_clock::now() > late) return false;
    return true;
}

} // namespace

TEST_CASE("jobs run while a service listens and have ended before its parts stop") {
    log_capture captured;
    app service(captured.log());
    std::vector<std::string> order;
    std::promise<void> begun;
    std::promise<void> leave;
    blocking_pool pool({.name = "job", .threads = 1});
    auto job = [&]() -> task<result<void>> {
        auto work = [&] {
            begun.set_value();
            leave.get_future().wait();
        };
        order.emplace_back("job begins");
        auto done = co_await pool.run(work);
        order.emplace_back("job ends");
        co_return done;
    };
    service.every("expiry", 1h, job, {.at_start = true});
    service.cron("report", "0 0 1 1 *", [&] { order.emplace_back("report"); });
    service.on_stop("db", [&] { order.emplace_back("db stops"); });
    const int status = run(service, [&](std::uint16_t) {
        begun.get_future().wait();
        service.stop();
        CHECK(captured.waits_for("stopping"));
        leave.set_value();
    });
    CHECK(status == 0);
    CHECK(order == std::vector<std::string>{"job begins", "job ends", "db stops"});
}

TEST_CASE("a job still running at the drain's deadline is cancelled, and the exit status shows it") {
    log_capture captured;
    app service(captured.log());
    std::promise<void> begun;
    auto job = [&]() -> task<result<void>> {
        begun.set_value();
        co_return co_await sleep_for(1h);
    };
    service.every("stuck", 1h, job, {.at_start = true});
    auto options = anywhere();
    options.drain = 50ms;
    const auto stop_it = [&](std::uint16_t) {
        begun.get_future().wait();
        service.stop();
    };
    CHECK(run(service, stop_it, options) == 1);
    CHECK(captured.all().find("job cancelled") != std::string::npos);
}

TEST_CASE("SIGHUP reopens the renamed log file and ends nothing") {
    const test_support::temporary_folder folder;
    const std::string path = folder / "app.log";
    const std::string renamed = folder / "app.log.1";
    app service(logger(file_sink(path).value(), {.asynchronous = false}));
    std::thread driver;
    bool reopened = false;
    service.on_listening([&](std::uint16_t) {
        driver = std::thread([&] {
            std::filesystem::rename(path, renamed);
            ::kill(::getpid(), SIGHUP);
            reopened = appears(path);
            service.stop();
        });
    });
    CHECK(service.run(anywhere()) == 0);
    driver.join();
    CHECK(reopened);
    CHECK(std::filesystem::exists(renamed));
}

TEST_CASE("parts start before the listener opens and stop after the last response, in reverse order") {
    log_capture lines;
    app service(lines.log());
    std::string order;
    service.on_start("db", [&]() -> task<result<void>> {
        order += "+db";
        co_return ok();
    });
    service.on_stop("db", [&] { order += "-db"; });
    service.on_stop("mq", [&]() -> result<void> {
        order += "-mq";
        return ok();
    });
    service.get("/", [] { return "hello\n"; });
    const int status = run(service, [&](std::uint16_t port) {
        CHECK(order == "+db");
        CHECK(socket_client(port).request("GET", "/").body == "hello\n");
        service.stop();
    });
    CHECK(status == 0);
    CHECK(order == "+db-mq-db");
    CHECK(lines.all().find("listening") < lines.all().find("stopping"));
}

TEST_CASE("a part that can't start ends the run with status 1 before any request is served") {
    log_capture lines;
    app service(lines.log());
    bool stopped = false;
    service.on_stop("first", [&] { stopped = true; });
    service.on_start("db", []() -> task<result<void>> { co_return error(errc::unavailable, "refused"); });
    bool listened = false;
    service.on_listening([&](std::uint16_t) { listened = true; });
    CHECK(service.run(anywhere()) == 1);
    CHECK(stopped);
    CHECK(!listened);
    CHECK(lines.all().find("refused") != std::string::npos);
}

TEST_CASE("an invalid option is status 2") {
    log_capture lines;
    app service(lines.log());
    run_options options = anywhere();
    options.port = 70000;
    CHECK(service.run(options) == 2);
    options = anywhere();
    options.loops = -1;
    CHECK(service.run(options) == 2);
}

TEST_CASE("a stop before the start serves no request and ends with status 0") {
    log_capture lines;
    app service(lines.log());
    service.stop();
    CHECK(service.run(anywhere()) == 0);
    CHECK(lines.all().find("stopping") != std::string::npos);
}

TEST_CASE("readiness runs every check and names the one that fails") {
    for (const bool up : {true, false}) {
        log_capture lines;
        app service(lines.log());
        service.check("db", [up]() -> task<result<void>> {
            if (up) co_return ok();
            co_return error(errc::unavailable, "connection refused");
        });
        service.serve_health();
        const int status = run(service, [&](std::uint16_t port) {
            socket_client client(port);
            CHECK(client.request("GET", "/healthz").status == 200);
            const auto ready = client.request("GET", "/readyz");
            CHECK(ready.status == (up ? 200 : 503));
            CHECK((ready.body.find("db isn't ready") == std::string::npos) == up);
            CHECK(ready.body.find("refused") == std::string::npos);
            service.stop();
        });
        CHECK(status == 0);
    }
}

TEST_CASE("after a signal readiness is 503 and the request in flight is still answered") {
    log_capture lines;
    app service(lines.log());
    gate hold;
    service.serve_health().get("/hold", [&] { return hold.pass(); });
    const int status = run(service, [&](std::uint16_t port) {
        socket_client client(port);
        client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
        hold.entered.get_future().wait();
        ::kill(::getpid(), SIGTERM);
        CHECK(lines.waits_for("stopping"));
        hold.opened.set_value();
        CHECK(client.receive().body == "passed");
        CHECK(client.receive().status == 503);
        CHECK(client.at_end());
    });
    CHECK(status == 0);
    CHECK(lines.all().find("SIGTERM") != std::string::npos);
}

TEST_CASE("new connections are served during the announce delay") {
    log_capture lines;
    app service(lines.log());
    service.serve_health();
    run_options options = anywhere();
    options.announce = 2s;
    const int status = run(
        service,
        [&](std::uint16_t port) {
            service.stop();
            CHECK(lines.waits_for("stopping"));
            CHECK(socket_client(port).request("GET", "/readyz").status == 503);
        },
        options);
    CHECK(status == 0);
}

TEST_CASE("a drain that cuts off a request is status 1, and the parts still stop") {
    log_capture lines;
    app service(lines.log());
    gate hold;
    service.get("/hold", [&] { return hold.pass(); });
    bool stopped = false;
    service.on_stop("db", [&] {
        stopped = true;
        hold.opened.set_value(); // the job may end: only this part still refers to it
    });
    run_options options = anywhere();
    options.drain = 50ms;
    const int status = run(
        service,
        [&](std::uint16_t port) {
            socket_client client(port);
            client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
            hold.entered.get_future().wait();
            service.stop();
            CHECK(client.rest().empty());
        },
        options);
    CHECK(status == 1);
    CHECK(stopped);
    CHECK(lines.all().find("requests cut off at the drain's deadline") != std::string::npos);
}

TEST_CASE("a stop that ignores its deadline is abandoned, and the next part stops") {
    log_capture lines;
    app service(lines.log());
    gate hold;
    bool next = false;
    service.on_stop("next", [&] {
        next = true;
        hold.opened.set_value();
    });
    service.on_stop(
        "stubborn",
        [&]() -> task<result<void>> {
            const auto passed = co_await hold.pass();
            co_return passed ? ok() : result<void>(passed.error());
        },
        50ms);
    CHECK(run(service, [&](std::uint16_t) { service.stop(); }) == 1);
    CHECK(next);
    CHECK(lines.all().find("stubborn") != std::string::npos);
}

TEST_CASE("a second signal ends the process at once, even while a part's stop blocks") {
    const auto body = [](auto tell_ready) {
        log_capture lines;
        app service(lines.log());
        service.on_stop("blocks", [&] {
            tell_ready();
            for (;;) ::pause();
        });
        service.on_listening([](std::uint16_t) { ::kill(::getpid(), SIGTERM); });
        return service.run(anywhere());
    };
    CHECK(status_of_process(body, SIGTERM) == 128 + SIGTERM);
}

namespace {

// The exit status of a service with a part that blocks forever when it stops; `prepare` adds what triggers the stop.
template<class F>
int status_with_blocking_stop(F prepare) {
    const auto body = [&](auto) {
        log_capture lines;
        app service(lines.log());
        service.on_stop(
            "blocks",
            [&] {
                for (;;) ::pause();
            },
            10ms);
        prepare(service);
        run_options options = anywhere();
        options.drain = 10ms;
        return service.run(options);
    };
    return status_of_process(body);
}

} // namespace

TEST_CASE("a stop that blocks past all deadlines ends the process with status 1") {
    const auto stop_when_listening = [](app& service) {
        service.on_listening([&service](std::uint16_t) { service.stop(); });
    };
    CHECK(status_with_blocking_stop(stop_when_listening) == 1);
}

TEST_CASE("a start step may add a stop, another step, a check and a route") {
    log_capture lines;
    app service(lines.log());
    std::string order;
    service.on_start("db", [&]() -> task<result<void>> {
        order += "+db";
        for (int i = 0; i < 50; ++i) service.on_stop("row", [&] { order += "-"; });
        service.on_start("schema", [&]() -> task<result<void>> {
            order += "+schema";
            co_return ok();
        });
        service.check("db", []() -> task<result<void>> { co_return errc::unavailable; });
        service.get("/late", [] { return "late\n"; });
        co_return ok();
    });
    service.serve_health().on_stop("mq", [&] { order += "-mq"; });
    const int status = run(service, [&](std::uint16_t port) {
        socket_client client(port);
        CHECK(client.request("GET", "/late").body == "late\n");
        CHECK(client.request("GET", "/readyz").status == 503);
        service.stop();
    });
    CHECK(status == 0);
    CHECK(order == "+db+schema-mq" + std::string(50, '-'));
}

TEST_CASE("parts and checks added after the start are refused by name") {
    log_capture lines;
    app service(lines.log());
    const auto nothing = []() -> task<result<void>> { co_return ok(); };
    service.on_listening([&](std::uint16_t) {
        CHECK_THROWS_AS(service.check("redis", nothing), std::logic_error);
        CHECK_THROWS_AS(service.on_start("redis", nothing), std::logic_error);
        service.stop();
    });
    CHECK(service.run(anywhere()) == 0);
}

TEST_CASE("an exception of on_listening is logged and the parts stop") {
    log_capture lines;
    app service(lines.log());
    bool stopped = false;
    service.on_stop("db", [&] { stopped = true; });
    service.on_listening([](std::uint16_t) { throw std::runtime_error("no console"); });
    CHECK(service.run(anywhere()) == 1);
    CHECK(stopped);
    CHECK(lines.all().find("no console") != std::string::npos);
}

TEST_CASE("an exception of a task on the control loop is logged and stops the service in order") {
    log_capture lines;
    app service(lines.log());
    bool stopped = false;
    service.on_stop("db", [&] { stopped = true; });
    service.on_start("watcher", []() -> task<result<void>> {
        const executor here = co_await this_task;
        here.context().loop().post([] { throw std::runtime_error("watcher broke"); });
        co_return ok();
    });
    CHECK(service.run(anywhere()) == 1);
    CHECK(stopped);
    CHECK(lines.all().find("watcher broke") != std::string::npos);
    service.stop(); // the service has already ended
}

TEST_CASE("an app runs once and refuses a second call") {
    log_capture lines;
    app service(lines.log());
    int started = 0;
    service.on_start("db", [&]() -> task<result<void>> {
        ++started;
        co_return ok();
    });
    service.on_listening([&](std::uint16_t) { service.stop(); });
    CHECK(service.run(anywhere()) == 0);
    CHECK(service.run(anywhere()) == 2);
    CHECK(started == 1);
    CHECK(lines.all().find("run() was already called") != std::string::npos);
}

TEST_CASE("a signal during the start cancels its step and stops the started parts") {
    log_capture lines;
    app service(lines.log());
    std::string order;
    service.on_start("db", [&]() -> task<result<void>> {
        order += "+db";
        co_return ok();
    });
    service.on_stop("db", [&] { order += "-db"; });
    service.on_start(
        "migrations",
        [&]() -> task<result<void>> {
            ::kill(::getpid(), SIGTERM);
            auto slept = co_await sleep_for(1h);
            order += "+cancelled";
            co_return slept;
        },
        duration::max());
    service.on_start("never", [&]() -> task<result<void>> {
        order += "+never";
        co_return ok();
    });
    bool listened = false;
    service.on_listening([&](std::uint16_t) { listened = true; });
    CHECK(service.run(anywhere()) == 0);
    CHECK(order == "+db+cancelled-db");
    CHECK(!listened);
}

TEST_CASE("a failed start whose parts block when they stop ends the process with status 1") {
    const auto fail_to_start = [](app& service) {
        service.on_start("db", []() -> task<result<void>> { co_return errc::unavailable; });
    };
    CHECK(status_with_blocking_stop(fail_to_start) == 1);
}
