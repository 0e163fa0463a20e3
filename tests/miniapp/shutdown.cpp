// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <thread>
#include <utility>

using namespace miniapp_test;
using namespace std::chrono_literals;

namespace {

struct visit {
    int answered = 0;
    int ordered = 0;
    int lost = 0;       // sent before the signal and not answered
    int unexpected = 0; // answered with a status that no order should get
};

// Counts one answer; returns whether another may follow.
bool count(visit& seen, const wire_response& res) {
    ++seen.answered;
    seen.ordered += res.status == 201;
    seen.unexpected += res.status != 201 && res.status != 409;
    return res.header("connection") != "close";
}

// Orders until the server is gone. Requests that the kernel had before the signal must be answered.
visit keep_ordering(std::uint16_t port, const std::string& order, const std::atomic<bool>& signalled,
                    std::latch& busy) {
    visit seen;
    bool owed = false;
    bool counted = false;
    try {
        socket_client client(port);
        do {
            owed = false;
            client.send(order);
            owed = !signalled;
            if (seen.answered > 0 && !std::exchange(counted, true)) busy.count_down();
        } while (count(seen, client.receive()));
    } catch (const std::runtime_error&) {
        seen.lost += owed;
    }
    if (!counted) busy.count_down();
    return seen;
}

// Waits until the program has called WeChat, so that the request waits for WeChat's answer.
void await_call(shop& it) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (it.wechat.state().stats().calls == 0 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    REQUIRE(it.wechat.state().stats().calls == 1);
}

} // namespace

TEST_CASE_FIXTURE(unlimited_shop, "SIGTERM under load answers every request sent before it, and keeps the orders") {
    constexpr std::int64_t pearls = 3; // 200 in stock
    const login alice = log_in("alice");
    const std::string one = order_bytes(pearls, 1, alice.token);
    std::atomic<bool> signalled{false};
    constexpr int visitors_at_once = 8;
    std::latch busy(visitors_at_once);
    std::vector<std::future<visit>> visitors;
    for (int i = 0; i < visitors_at_once; ++i)
        visitors.push_back(std::async(std::launch::async, [&] { return keep_ordering(port(), one, signalled, busy); }));
    busy.wait();

    // These send their only request; the server may not have accepted their connections yet.
    std::vector<socket_client> last;
    for (int i = 0; i < 64; ++i) last.emplace_back(port());
    for (auto& client : last) client.send(one);
    visit all;
    signalled = true;
    program().signal(SIGTERM);
    for (auto& client : last) count(all, client.receive());
    for (auto& visitor : visitors) {
        const visit seen = visitor.get();
        CHECK(seen.answered > 1);
        CHECK(seen.lost == 0);
        CHECK(seen.unexpected == 0);
        all.ordered += seen.ordered;
    }
    CHECK(all.unexpected == 0);
    CHECK(program().wait() == 0);
    CHECK_THROWS_AS(socket_client{port()}, std::runtime_error);

    start();
    const std::string own = "/api/v1/users/" + std::to_string(alice.user.id) + "/orders";
    CHECK(body_of<list<order>>(ask("GET", own, {}, alice.token)).total == all.ordered);
    CHECK(stock_of(pearls) == 200 - all.ordered);
}

TEST_CASE_FIXTURE(shop, "SIGTERM answers a request in flight with Connection: close, and closes idle connections") {
    wechat.state().slow_next(1s);
    socket_client idle(port());
    CHECK(idle.request("GET", "/healthz").status == 200);
    socket_client busy(port());
    busy.send(login_bytes(wechat.login("alice")));
    await_call(*this);
    program().signal(SIGTERM);
    CHECK(idle.at_end());
    const auto res = busy.receive();
    CHECK(res.header("connection") == "close");
    CHECK(body_of<login>(res).token != "");
    CHECK(busy.at_end());
    CHECK(program().wait() == 0);
    CHECK(program().line_with(R"("message":"stopped","clean":true)") != "");
}

TEST_CASE_FIXTURE(shop, "SIGINT stops the program") {
    program().signal(SIGINT);
    CHECK(program().wait() == 0);
}

TEST_CASE_FIXTURE(shop, "a second signal ends the program at once, with requests in flight") {
    wechat.state().slow_next(1h);
    socket_client busy(port());
    busy.send(login_bytes(wechat.login("alice")));
    await_call(*this);
    program().signal(SIGTERM);
    program().line_with(R"("message":"stopping")");
    const auto began = std::chrono::steady_clock::now();
    program().signal(SIGTERM);
    CHECK(program().wait() == 128 + SIGTERM);
    CHECK(std::chrono::steady_clock::now() - began < 4s); // the login alone would take 5 s
}
