// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/connection.hpp"
#include "support/socket_client.hpp"
#include <weir/core/clock.hpp>
#include <weir/http/router.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>

namespace test_support {

/// A worker seen from inside: it serves in the test's thread, in `until`, on a clock that the test moves.
struct worker_fixture {
    weir::manual_clock time;
    weir::router routes;
    weir::server_options options;
    weir::http::detail::server_counters counters;
    std::unique_ptr<weir::http::detail::worker> serving;
    std::uint16_t port = 0;
    int served = 0;

    /// With routes in addition to `/echo`.
    explicit worker_fixture(const std::function<void(weir::router&)>& more = {}) {
        if (more) more(routes);
        routes.post("/echo", [this](weir::request& req) {
            ++served;
            return std::string(req.body());
        });
        options.address = "127.0.0.1";
        serving = std::make_unique<weir::http::detail::worker>(routes.table(), options, counters, time);
        serving->listen(port, true).value();
        serving->accept();
    }
    ~worker_fixture() {
        serving->abort_all();
        serving->loop().poll();
    }

    // Serves until the condition holds; the kernel delivers bytes in its own time.
    bool until(const std::function<bool()>& holds) {
        const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds() && std::chrono::steady_clock::now() < late) serving->loop().poll();
        return holds();
    }
    // Runs a client in its own thread while the server serves.
    template<class F>
    auto meanwhile(F does) {
        auto doing = std::async(std::launch::async, does);
        REQUIRE(until([&] { return doing.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
        return doing.get();
    }
    bool lent(std::size_t count) {
        return until([&] { return serving->lent_buffers() == count; });
    }
    std::string answer(socket_client& client, std::string_view bytes) {
        client.send(bytes);
        REQUIRE(until([this, next = served + 1] { return served == next; }));
        return client.receive().body;
    }

    static constexpr std::chrono::milliseconds sweep{250};
    // Moves the clock by one sweep of the loop at a time.
    void pass(weir::duration much) {
        for (weir::duration passed{}; passed < much; passed += sweep) {
            time.advance(sweep);
            serving->loop().poll();
        }
    }
};

inline constexpr std::string_view echo_hi = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";

} // namespace test_support
