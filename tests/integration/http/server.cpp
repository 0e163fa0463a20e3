// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/http/large_body.hpp"
#include "support/socket_client.hpp"
#include "support/temporary_folder.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/http/file_body.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>

#include <doctest/doctest.h>

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
using test_support::socket_client;

namespace {

// Opens for all waiters at once, from any thread; handlers wait for it on a blocking pool.
class gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    bool wait(std::stop_token stop) {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        return changed_.wait(lock, stop, [this] { return open_; });
    }
    void await_waiting(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool open_ = false;
    int waiting_ = 0;
};

struct server_fixture {
    gate hold;
    std::atomic<int> cancelled{0};
    std::atomic<int> finished{0};
    blocking_pool pool{{.name = "hold", .threads = 4}};
    router routes;
    loop control;
    std::unique_ptr<server> running;

    server_fixture() {
        routes.get("/", [] { return "root"; });
        routes.post("/echo", [](request& req) { return std::string(req.body()); });
        routes.get("/big", [] { return std::string(4 * 1024 * 1024, 'x'); });
        routes.get("/hold", [this](request& req) -> task<std::string> {
            auto job = [this](std::stop_token stop) { return hold.wait(stop); };
            const auto opened = co_await pool.run(job);
            if (!opened || !*opened) ++cancelled;
            ++finished;
            co_return std::string(req.header("x-name"));
        });
    }
    ~server_fixture() {
        hold.open();
        running.reset();
    }

    std::uint16_t start(server_options options = {}) {
        options.address = "127.0.0.1";
        options.port = 0;
        if (options.loops == 0) options.loops = 2;
        running = std::make_unique<server>(routes, options);
        running->start().value();
        return running->port();
    }
    result<void> stop(duration within) { return control.block_on(running->stop(control.clock().now() + within)); }
};

} // namespace

TEST_CASE_FIXTURE(server_fixture, "a server answers over keep-alive, pipelined, and after a half-close") {
    const auto port = start();
    socket_client client(port);
    CHECK(client.request("GET", "/").body == "root");
    CHECK(client.request("POST", "/echo", R"({"a":1})").body == R"({"a":1})");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    CHECK(client.receive().body == "root");
    CHECK(client.receive().body == "hi");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.half_close();
    CHECK(client.receive().body == "root");
    CHECK(client.at_end());
    CHECK(stop(5s));
}

TEST_CASE_FIXTURE(server_fixture,
                  "a response larger than the socket's buffers arrives whole, and the next one after it") {
    const auto port = start();
    socket_client client(port);
    client.send(
        "GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.receive().body.size() == 4 * 1024 * 1024);
    CHECK(client.receive().body == std::string(4 * 1024 * 1024, 'x'));
    CHECK(client.receive().body == "root");
    CHECK(stop(5s));
}

TEST_CASE_FIXTURE(server_fixture, "a file of many shares of the loop arrives whole, and the next response after it") {
    const test_support::temporary_folder folder;
    const std::string whole = test_support::pattern(24 * 1024 * 1024);
    const auto file = test_support::file_of(folder.put("large", whole));
    routes.get("/file", [file, size = whole.size()] {
        response res;
        http::send_file({file, 1, size - 1}, res);
        return res;
    });
    const auto port = start();
    socket_client client(port);
    client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK((client.receive().body == std::string_view(whole).substr(1))); // too long to print
    CHECK(client.receive().body == "root");
    CHECK(stop(20s));
}

TEST_CASE_FIXTURE(server_fixture, "a client that sends and never reads isn't read from endlessly") {
    const auto port = start();
    socket_client client(port);
    const std::string request = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
    std::string many;
    for (int i = 0; i < 20000; ++i) many += request;
    std::size_t taken = 0;
    while (const std::size_t more = client.send_some(many)) taken += more; // until the server pushes back
    CHECK(taken < 64 * 1024 * 1024);
    socket_client other(port);
    CHECK(other.request("GET", "/").body == "root");
    CHECK(!stop(1s)); // it is aborted, since it doesn't read its responses
    CHECK(running->stats().aborted == 1);
}

TEST_CASE_FIXTURE(server_fixture,
                  "a response waits while an earlier one is being sent, and stays on its own connection") {
    server_options options;
    options.loops = 1;
    options.limits.output = 64 * 1024 * 1024; // the second request starts before the first response has left
    const auto port = start(options);
    socket_client slow = socket_client::small(port);
    slow.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /hold HTTP/1.1\r\nHost: a\r\nX-Name: second\r\n\r\n");
    hold.await_waiting(1);
    hold.open();
    while (finished == 0) std::this_thread::yield();
    socket_client other(port);
    for (int i = 0; i < 20; ++i) CHECK(other.request("GET", "/").body == "root");
    CHECK(slow.receive().body == std::string(4 * 1024 * 1024, 'x'));
    CHECK(slow.receive().body == "second");
    CHECK(stop(5s));
}

TEST_CASE_FIXTURE(server_fixture,
                  "a refused request is answered before the connection closes, even while more is arriving") {
    const auto port = start();
    socket_client client(port);
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
    client.send(std::string(150000, 'x'));
    CHECK(client.receive().status == 413);
    client.half_close();
    CHECK(client.at_end());
    CHECK(stop(5s));
}

TEST_CASE_FIXTURE(server_fixture, "a stop answers requests in flight with Connection: close and then completes") {
    const auto port = start();
    socket_client busy(port);
    busy.send("GET /hold HTTP/1.1\r\nHost: a\r\nX-Name: kept\r\n\r\n");
    hold.await_waiting(1);
    socket_client idle(port);
    CHECK(idle.request("GET", "/").status == 200);

    auto stopped = std::async(std::launch::async, [&] { return stop(20s); });
    CHECK(idle.at_end()); // the idle one is closed after its grace
    hold.open();
    const auto res = busy.receive();
    CHECK(res.body == "kept");
    CHECK(res.header("connection") == "close");
    CHECK(busy.at_end());
    CHECK(stopped.get());
    CHECK(running->stats().open == 0);
    CHECK_THROWS_AS(socket_client{port}, std::runtime_error);
}

TEST_CASE_FIXTURE(server_fixture, "a stop answers every pipelined request sent before it, and closes after the last") {
    const auto port = start();
    socket_client busy(port);
    busy.send("GET /hold HTTP/1.1\r\nHost: a\r\nX-Name: first\r\n\r\n"
              "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nlast");
    hold.await_waiting(1);
    socket_client idle(port);
    CHECK(idle.request("GET", "/").status == 200);
    auto stopped = std::async(std::launch::async, [&] { return stop(20s); });
    CHECK(idle.at_end()); // the stop has started
    hold.open();
    CHECK(busy.receive().body == "first");
    CHECK(busy.receive().body == "root");
    const auto last = busy.receive();
    CHECK(last.body == "last");
    CHECK(last.header("connection") == "close");
    CHECK(busy.at_end());
    CHECK(stopped.get());
}

TEST_CASE_FIXTURE(server_fixture, "a stop past its deadline aborts and reports it, and cancels the handlers") {
    const auto port = start();
    socket_client busy(port);
    busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    hold.await_waiting(1);
    const auto outcome = stop(50ms);
    CHECK(outcome.error() == errc::deadline_exceeded);
    CHECK(running->stats().aborted == 1);
    pool.close(); // the job saw its stop token, or this would wait forever
}

TEST_CASE_FIXTURE(server_fixture, "a client that goes away while its handler is suspended cancels it") {
    const auto port = start();
    socket_client client(port);
    client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    hold.await_waiting(1);
    client.reset();
    // The pool's thread returns only because its job's stop token was set.
    pool.close();
    CHECK(stop(5s));
    CHECK(cancelled == 1);
}

TEST_CASE_FIXTURE(server_fixture, "a connection beyond the limit is answered with 503 at once") {
    server_options options;
    options.connections = 2;
    const auto port = start(options);
    socket_client first(port);
    socket_client second(port);
    CHECK(first.request("GET", "/").status == 200);
    CHECK(second.request("GET", "/").status == 200);
    socket_client third(port);
    const auto res = third.request("GET", "/");
    CHECK(res.status == 503);
    CHECK(res.header("retry-after") == "1");
    CHECK(res.body.find(R"("code":"unavailable")") != std::string::npos);
    CHECK(running->stats().refused == 1);
    CHECK(stop(5s));
}

TEST_CASE_FIXTURE(server_fixture, "an address has one limit over all loops, and none if its network is listed") {
    server_options options;
    options.loops = 4;
    options.connections_per_address = 3;
    options.unlimited_networks = {"127.0.0.2"};
    const auto port = start(options);
    std::vector<socket_client> inside;
    for (int i = 0; i < 3; ++i) {
        inside.emplace_back(port);
        CHECK(inside.back().request("GET", "/").status == 200);
    }
    for (int i = 0; i < 8; ++i) { // on whichever loop they arrive
        const auto res = socket_client(port).receive();
        CHECK(res.status == 503);
        CHECK(res.header("retry-after") == "1");
    }
    for (int i = 0; i < 8; ++i) {
        inside.push_back(socket_client::from("127.0.0.2", port));
        CHECK(inside.back().request("GET", "/").status == 200);
    }
    CHECK(running->stats().refused == 8);
    CHECK(running->stats().refused_by_address == 8);
    CHECK(running->stats().open == 11);
    CHECK(stop(20s));
}

TEST_CASE_FIXTURE(server_fixture, "by default connections from this machine have no limit per address") {
    server_options options;
    options.connections_per_address = 1;
    const auto port = start(options);
    socket_client first(port);
    socket_client second(port);
    CHECK(first.request("GET", "/").status == 200);
    CHECK(second.request("GET", "/").status == 200);
    CHECK(stop(20s));
}

TEST_CASE_FIXTURE(server_fixture, "a server with an invalid network doesn't start, and names it") {
    server_options options;
    options.unlimited_networks = {"10.0.0.0/8", "our proxy"};
    server wrong(routes, options);
    const auto started = wrong.start();
    CHECK(started.error() == errc::invalid_argument);
    CHECK(std::string(started.error().message()).find("our proxy") != std::string::npos);
}

TEST_CASE_FIXTURE(server_fixture, "an address in use is one clear error") {
    server_options options;
    options.address = "127.0.0.1";
    options.port = start();
    server second(routes, options); // both would be able to share it
    const auto taken = second.start();
    CHECK(taken.error() == errc::unavailable);
    CHECK(std::string(taken.error().message()).find(std::to_string(options.port)) != std::string::npos);
    options.address = "not-an-address";
    server wrong(routes, options);
    const auto failed = wrong.start();
    CHECK(failed.error() == errc::unavailable);
    CHECK(std::string(failed.error().message()).find("not-an-address") != std::string::npos);
    CHECK(stop(5s));
}

TEST_CASE_FIXTURE(server_fixture, "many clients on two loops each get their own responses") {
    const auto port = start();
    std::vector<std::thread> clients;
    std::atomic<int> wrong{0};
    for (int c = 0; c < 8; ++c)
        clients.emplace_back([&, c] {
            socket_client client(port);
            for (int i = 0; i < 200; ++i) {
                const std::string body = "[" + std::to_string(c) + "," + std::to_string(i) + "]";
                if (client.request("POST", "/echo", body).body != body) ++wrong;
            }
        });
    for (auto& one : clients) one.join();
    CHECK(wrong == 0);
    CHECK(stop(5s));
}
