// SPDX-License-Identifier: MIT
// What a handler refers to lives until it has ended; meant to be run under AddressSanitizer as well.
#include <weir/core/blocking_pool.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("1,000 suspended handlers read their headers after the loop has served others") {
    manual_clock time;
    router app;
    int right = 0;
    app.post("/wait", [&](request& req) -> task<std::string> {
        const std::string_view before = req.header("x-name");
        const std::string_view body = req.body();
        co_await sleep_for(5s);
        if (before == req.header("x-name") && body == req.body() && req.path() == "/wait") ++right;
        co_return std::string(before);
    });
    app.get("/", [](request& req) { return std::string(req.target()); });

    // One loop for all: each client is a connection of the same app, moved forward by its own poll.
    std::vector<std::unique_ptr<test_client>> clients;
    for (int i = 0; i < 1000; ++i) {
        auto& client =
            *clients.emplace_back(std::make_unique<test_client>(app, testing::test_client_options{.clock = &time}));
        const std::string name = "handler-" + std::to_string(i);
        client.write("POST /wait HTTP/1.1\r\nHost: a\r\nX-Name: " + name +
                     "\r\nContent-Length: 4\r\n\r\nbodyGET /next HTTP/1.1\r\n");
        client.poll();
        client.write("Host: a\r\n\r\n");
        client.poll();
    }
    CHECK(right == 0);
    time.advance(5s);
    for (int i = 0; i < 1000; ++i) {
        clients[static_cast<std::size_t>(i)]->poll();
        REQUIRE(clients[static_cast<std::size_t>(i)]->receive().body == "handler-" + std::to_string(i));
    }
    CHECK(right == 1000);
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
            result_of_job = std::string(req.header("x-name")); // the frame and the request are still there
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
