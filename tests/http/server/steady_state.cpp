// SPDX-License-Identifier: MIT
// The cost of a plain request: no heap allocation, no coroutine, one send for all of a read, one Date per second.
#include "http/server/session.hpp"
#include "support/allocations.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/middleware.hpp>
#include <weir/http/middleware/rate_limit.hpp>
#include <weir/http/router.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Accepts all output, and counts.
struct counting_wire final : http::detail::transport {
    explicit counting_wire(http::detail::session_host& host) : machine(host, *this, "127.0.0.1") {}

    bool write(std::string_view output) override {
        ++writes;
        const std::size_t size = std::min(output.size(), last.size());
        std::memcpy(last.data(), output.data(), size);
        last_size = size;
        return true;
    }
    bool send_file(std::string_view head, const http::file_range&) override { return write(head); }
    std::uint64_t untaken() override { return 0; }
    void finish(bool) override { ended = true; }
    void abort() override { ended = true; }
    void resume_input() override {}

    std::string_view sent() const { return {last.data(), last_size}; }

    std::array<char, 8192> last{};
    std::size_t last_size = 0;
    int writes = 0;
    bool ended = false;
    http::detail::session machine;
};

// Forwards another clock's time, and counts calls for the wall clock.
struct counting_clock final : weir::clock {
    time_point now() const noexcept override { return time.now(); }
    wall_time wall_now() const noexcept override {
        ++asked;
        return time.wall_now();
    }
    bool passes() const noexcept override { return false; }

    manual_clock time;
    mutable std::atomic<int> asked{0};
};

struct steady_fixture {
    counting_clock time;
    router app;
    weir::loop home{time};
    int seen = 0;

    steady_fixture() {
        middleware layer;
        layer.before = [this](request& req) -> result<void> {
            seen += req.header("x-openid").empty() ? 0 : 1;
            return ok();
        };
        layer.after = [](request&, response& res) { res.headers.set("x-layer", "1"); };
        layer.done = [this](const request&, const response& res, const http::exchange_summary&) {
            seen += res.status == 200 ? 1 : 0;
        };
        app.use(std::move(layer));
        app.get("/plain", [] { return "hello, world\n"; });
        app.get("/users/{id}", [](path<"id", std::int64_t> id) { return *id == 7 ? "seven" : "other"; });
        app.get("/later", []() -> task<std::string> { co_return "later"; });
    }

    http::detail::session_host host{home, app.table(), http::limits{}};

    // Places the same bytes in the same memory each time, as a loop's read buffer would.
    template<std::size_t Size>
    std::size_t receive(counting_wire& wire, const char (&text)[Size]) {
        std::memcpy(input.data(), text, Size - 1);
        return receive(wire, Size - 1);
    }
    std::size_t receive(counting_wire& wire, std::size_t size) {
        home.refresh();
        return test_support::allocations([&] { wire.machine.receive({input.data(), size}); });
    }

    std::array<char, 8192> input{};
};

constexpr const char plain_request[] = "GET /plain HTTP/1.1\r\nHost: a\r\nX-Openid: o1\r\nAccept: */*\r\n\r\n";
constexpr const char param_request[] = "GET /users/7 HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\n\r\n";
constexpr const char later_request[] = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";

} // namespace

TEST_CASE_FIXTURE(steady_fixture, "a plain request through plain layers allocates nothing") {
    counting_wire wire(host);
    receive(wire, plain_request); // the first request allocates the loop's own memory
    receive(wire, param_request);
    CHECK(wire.sent().ends_with("seven"));
    std::size_t total = 0;
    for (int i = 0; i < 100; ++i) total += receive(wire, plain_request);
    CHECK(wire.sent().ends_with("hello, world\n"));
    CHECK(wire.sent().find("x-layer: 1\r\n") != std::string_view::npos);
    for (int i = 0; i < 100; ++i) total += receive(wire, param_request);
    CHECK(total == 0);
    CHECK(seen == 101 * 2 + 101); // before and done of one layer, done of the other
    CHECK(wire.writes == 202);
}

TEST_CASE_FIXTURE(steady_fixture, "a rate-limited request allocates once, for its decision, and so does a refusal") {
    router limited;
    limited.use(rate_limit({.rate = 2, .burst = 100, .key = by_address}));
    limited.get("/plain", [] { return "hello, world\n"; });
    http::detail::session_host busy{home, limited.table(), http::limits{}};
    counting_wire wire(busy);
    receive(wire, plain_request);
    std::size_t allowed = 0;
    for (int i = 0; i < 99; ++i) allowed += receive(wire, plain_request);
    CHECK(wire.sent().find("ratelimit: \"default\";r=0;t=50\r\n") != std::string_view::npos);
    receive(wire, plain_request); // the thread allocates the error, and the response room for its body
    CHECK(wire.sent().starts_with("HTTP/1.1 429 "));
    std::size_t refused = 0;
    for (int i = 0; i < 100; ++i) refused += receive(wire, plain_request);
    CHECK(allowed == 99);
    CHECK(refused == 100);
}

TEST_CASE_FIXTURE(steady_fixture, "a new connection's plain requests create no request task and no coroutine") {
    {
        counting_wire first(host);
        receive(first, plain_request);
    }
    counting_wire wire(host);
    CHECK(receive(wire, plain_request) == 0);
    CHECK(receive(wire, param_request) == 0);
    // a coroutine handler's allocation shows here, at its first request
    CHECK(receive(wire, later_request) > 0);
    home.poll();
    CHECK(wire.sent().ends_with("later"));
}

TEST_CASE_FIXTURE(steady_fixture, "all requests of one read are answered in one send") {
    counting_wire wire(host);
    const std::size_t size = sizeof plain_request - 1;
    for (std::size_t i = 0; i < 16; ++i) std::memcpy(input.data() + i * size, plain_request, size);
    receive(wire, 16 * size);
    CHECK(wire.writes == 1);
    std::size_t answers = 0;
    for (std::size_t at = wire.sent().find("HTTP/1.1 200"); at != std::string_view::npos;
         at = wire.sent().find("HTTP/1.1 200", at + 1))
        ++answers;
    CHECK(answers == 16);
    CHECK(receive(wire, 16 * size) == 0);
    CHECK(wire.writes == 2);
    // an incomplete request delays none of the responses
    receive(wire, 2 * size + 10);
    CHECK(wire.writes == 3);
    CHECK(!wire.ended);
}

TEST_CASE_FIXTURE(steady_fixture, "the Date is rendered once per second") {
    counting_wire wire(host);
    receive(wire, plain_request);
    CHECK(wire.sent().find("date: Thu, 01 Jan 2026 00:00:00 GMT\r\n") != std::string_view::npos);
    const int once = time.asked;
    for (int i = 0; i < 99; ++i) {
        time.time.advance(10ms);
        receive(wire, plain_request);
    }
    CHECK(time.asked == once);
    CHECK(wire.sent().find("date: Thu, 01 Jan 2026 00:00:00 GMT\r\n") != std::string_view::npos);
    time.time.advance(10ms);
    receive(wire, plain_request);
    CHECK(time.asked == once + 1);
    CHECK(wire.sent().find("date: Thu, 01 Jan 2026 00:00:01 GMT\r\n") != std::string_view::npos);
}
