// SPDX-License-Identifier: MIT
// Tasks that outlive the request they were started from: what they see, what a stop does with them, and how their
// exceptions are reported.
#include "core/event.hpp"
#include "integration/http/worker_fixture.hpp"
#include "support/loopback.hpp"
#include "support/progress.hpp"
#include "support/socket_client.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::progress;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

// The principal that a layer identified.
struct caller {
    std::string name;
};

struct background_fixture : worker_fixture {
    static inline background_fixture* at = nullptr;

    detail::event gate;
    std::vector<std::string> seen; // by the task, once it continues
    bool gone = false;

    background_fixture() : worker_fixture(add_routes) { at = this; }

    static void add_routes(router& routes) {
        routes.use([](request& req) -> result<void> {
            req.context().set_request_id(req.header("x-request-id"));
            req.attach(caller{std::string(req.header("x-caller"))});
            return ok();
        });
        routes.get("/detach", []() -> task<std::string> {
            boost::asio::co_spawn(co_await this_task, late_look(), boost::asio::detached);
            co_return "detached";
        });
        routes.get("/background", []() -> task<std::string> {
            co_await in_background(late_look());
            co_return "started";
        });
        routes.get("/other", []() -> task<std::string> { co_return "other"; });
        routes.get("/slow", []() -> task<std::string> {
            (void)co_await sleep_for(1s);
            co_return "slow";
        });
    }

    static task<void> late_look() {
        co_await at->gate.wait();
        const executor here = co_await this_task;
        const context& mine = here.context();
        const auto* who = mine.find<caller>();
        const bool limited = mine.deadline() != time_point::max();
        at->seen.push_back(mine.request_id() + " " + (who ? who->name : "-") + (limited ? " limited" : ""));
    }

    static std::string request_of(std::string_view target, const std::string& who) {
        return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nX-Request-Id: of-" + who +
               "\r\nX-Caller: " + who + "\r\n\r\n";
    }
    std::string ask(socket_client& client, std::string_view target, const std::string& who) {
        return meanwhile([&] {
            client.send(request_of(target, who));
            return client.receive().body;
        });
    }
};

} // namespace

TEST_CASE_FIXTURE(background_fixture, "a task detached from a request sees that request, not the next one") {
    socket_client client(port);
    CHECK(ask(client, "/detach", "alice") == "detached");
    CHECK(ask(client, "/other", "bob") == "other");
    gate.wake();
    CHECK(seen == std::vector<std::string>{"of-alice alice"});
    CHECK(ask(client, "/other", "carol") == "other");
}

TEST_CASE_FIXTURE(background_fixture, "a detached task sees its request even when the connection is closed") {
    {
        socket_client client(port);
        CHECK(ask(client, "/detach", "alice") == "detached");
    }
    REQUIRE(until([this] { return counters.open == 0; }));
    serving->loop().poll();
    gate.wake();
    CHECK(seen == std::vector<std::string>{"of-alice alice"});
}

TEST_CASE_FIXTURE(background_fixture, "a request that waited leaves nothing visible to its connection's next request") {
    socket_client client(port);
    client.send(request_of("/slow", "alice"));
    client.await_delivery();
    for (int i = 0; i < 10; ++i) serving->loop().poll();
    pass(1s);
    CHECK(meanwhile([&] { return client.receive().body; }) == "slow");
    CHECK(ask(client, "/detach", "bob") == "detached");
    CHECK(ask(client, "/other", "carol") == "other");
    gate.wake();
    CHECK(seen == std::vector<std::string>{"of-bob bob"});
}

TEST_CASE_FIXTURE(background_fixture, "background work has its own context with the request's id") {
    {
        socket_client client(port);
        CHECK(ask(client, "/background", "alice") == "started");
        CHECK(ask(client, "/other", "bob") == "other");
    }
    REQUIRE(until([this] { return counters.open == 0; }));
    CHECK(serving->loop().background() == 1);
    gate.wake();
    CHECK(until([this] { return serving->loop().background() == 0; }));
    CHECK(seen == std::vector<std::string>{"of-alice -"});
}

TEST_CASE_FIXTURE(background_fixture, "a drain waits for background work") {
    {
        socket_client client(port);
        CHECK(ask(client, "/background", "alice") == "started");
    }
    serving->drain([this] { gone = true; });
    REQUIRE(until([this] { return counters.open == 0; }));
    for (int i = 0; i < 10; ++i) serving->loop().poll();
    CHECK(!gone);
    gate.wake();
    CHECK(until([this] { return gone; }));
    CHECK(counters.aborted == 0);
}

TEST_CASE_FIXTURE(background_fixture, "an abort cancels background work, and counts it") {
    {
        socket_client client(port);
        CHECK(ask(client, "/background", "alice") == "started");
    }
    serving->drain([this] { gone = true; });
    REQUIRE(until([this] { return counters.open == 0; }));
    serving->abort_all();
    CHECK(until([this] { return gone; }));
    CHECK(counters.aborted == 1);
}

TEST_CASE("exceptions of background work and posted functions are reported, and the server continues") {
    progress reported;
    std::mutex mutex;
    std::vector<std::string> lines;
    router routes;
    auto fail = []() -> task<void> {
        co_await boost::asio::post(use_task);
        throw std::runtime_error("mail broke");
    };
    routes.get("/mail", [&]() -> task<std::string> {
        co_await in_background(fail());
        co_return "sent";
    });
    routes.get("/post", []() -> task<std::string> {
        const executor here = co_await this_task;
        here.context().loop().post([] { throw std::runtime_error("post broke"); });
        co_return "posted";
    });
    auto options = test_support::loopback();
    const auto keep = [&](std::string_view line) {
        {
            const std::lock_guard lock(mutex);
            lines.emplace_back(line);
        }
        reported.note();
    };
    options.log = logger(callback_sink(keep), {.asynchronous = false});
    server running(routes, options);
    REQUIRE(running.start());
    CHECK(socket_client(running.port()).request("GET", "/mail").body == "sent");
    REQUIRE(reported.await(1));
    CHECK(socket_client(running.port()).request("GET", "/post").body == "posted");
    REQUIRE(reported.await(2));
    CHECK(socket_client(running.port()).request("GET", "/mail").body == "sent");
    const std::lock_guard lock(mutex);
    CHECK(lines.front().find("mail broke") != std::string::npos);
    CHECK(lines.at(1).find("post broke") != std::string::npos);
}
