// SPDX-License-Identifier: MIT
// Everything that a handler refers to lives until it has ended; meant to be run under AddressSanitizer too.
#include "support/descriptors.hpp"
#include "support/loopback.hpp"
#include "support/socket_client.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Both ends of 1,000 connections are in this process.
} // namespace

TEST_CASE("1,000 suspended handlers read their headers after the loop has served others") {
    test_support::allow_descriptors(2200);
    std::vector<boost::asio::steady_timer*> waiting; // in the handlers' frames, on the one loop
    std::atomic<int> suspended{0};
    std::atomic<int> right{0};
    router routes;
    routes.post("/wait", [&](request& req) -> task<std::string> {
        const std::string_view name = req.header("x-name"); // taken before the first suspension
        const std::string_view body = req.body();
        const executor here = co_await this_task;
        boost::asio::steady_timer opened(here.context().loop().io(), boost::asio::steady_timer::time_point::max());
        waiting.push_back(&opened);
        ++suspended;
        co_await opened.async_wait(boost::asio::as_tuple(use_task));
        if (name == req.header("x-name") && body == "body" && req.path() == "/wait") ++right;
        co_return std::string(name);
    });
    routes.post("/open", [&] {
        for (auto* one : waiting) one->cancel();
    });
    routes.get("/others", [](request& req) { return std::string(req.query()); });

    server running(routes, test_support::loopback());
    running.start().value();
    std::vector<test_support::socket_client> clients;
    for (int i = 0; i < 1000; ++i) {
        clients.emplace_back(running.port());
        clients.back().send("POST /wait HTTP/1.1\r\nHost: a\r\nX-Name: handler-" + std::to_string(i) +
                            "\r\nContent-Length: 4\r\n\r\nbody");
    }
    test_support::socket_client other(running.port());
    while (suspended < 1000) REQUIRE(other.request("GET", "/others?" + std::string(600, 'q')).status == 200);
    CHECK(other.request("POST", "/open").status == 204);
    for (std::size_t i = 0; i < clients.size(); ++i)
        REQUIRE(clients[i].receive().body == "handler-" + std::to_string(i));
    CHECK(right == 1000);
    loop control;
    CHECK(control.block_on(running.stop(control.clock().now() + 20s)));
}

TEST_CASE("a cancelled request outlives its connection until its job has really ended") {
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false;
    bool may_end = false;
    std::string seen;
    blocking_pool pool({.threads = 1});
    router app;
    app.get("/job", [&](request& req) -> task<std::string> {
        std::string result_of_job;
        auto job = [&](std::stop_token) { // a driver that can't be interrupted
            std::unique_lock lock(mutex);
            entered = true;
            changed.notify_all();
            changed.wait(lock, [&] { return may_end; });
            result_of_job = std::string(req.header("x-name")); // the frame and the request still exist
        };
        const auto ended = co_await pool.run(job);
        seen = result_of_job + (ended ? " ended" : " failed");
        co_return seen;
    });
    auto client = std::make_unique<test_client>(app);
    client->write("GET /job HTTP/1.1\r\nHost: a\r\nX-Name: patient\r\n\r\n");
    client->poll();
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return entered; });
    }
    client->reset();
    CHECK(seen.empty());
    {
        const std::lock_guard lock(mutex);
        may_end = true;
    }
    changed.notify_all();
    while (seen.empty()) client->loop().run_one();
    CHECK(seen == "patient ended");
}

TEST_CASE("a server's end waits for the jobs of aborted handlers") {
    blocking_pool pool({.threads = 1}); // outlives the server, which doesn't own it
    std::promise<void> entered;
    std::promise<void> may_end;
    std::string seen;
    router routes;
    routes.get("/job", [&](request& req) -> task<std::string> {
        auto job = [&] { // a driver that can't be interrupted
            entered.set_value();
            may_end.get_future().wait();
            seen = req.header("x-name");
        };
        const auto ended = co_await pool.run(job);
        co_return ended ? "ended" : "failed";
    });
    auto running = std::make_unique<server>(routes, test_support::loopback());
    running->start().value();
    test_support::socket_client client(running->port());
    client.send("GET /job HTTP/1.1\r\nHost: a\r\nX-Name: late\r\n\r\n");
    entered.get_future().wait();
    {
        loop control;
        CHECK(control.block_on(running->stop(control.clock().now())).error() == errc::deadline_exceeded);
    }
    std::thread goes([&] { running.reset(); });
    may_end.set_value();
    goes.join();
    CHECK(seen == "late");
}
