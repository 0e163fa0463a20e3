// SPDX-License-Identifier: MIT
#include <weir/http/middleware/guard.hpp>
#include <weir/http/middleware/recover.hpp>
#include <weir/http/router.hpp>
#include <weir/resilience/bulkhead.hpp>
#include <weir/resilience/circuit_breaker.hpp>
#include <weir/resilience/stack.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Routes behind a breaker that opens after two failures.
struct guard_fixture {
    manual_clock time;
    memory_log lines;
    logger log{lines.sink(), {.asynchronous = false, .clock = &time}};
    circuit_breaker breaker{{.window_calls = 2, .minimum_calls = 2, .open_for = 10s, .probes = 1, .time = &time}};
    int handled = 0;
    std::function<response()> answer = [] { return response(200); };
    router app;

    guard_fixture() {
        app.use(recover(log));
        app.route("/guarded", [this](router& inside) {
            inside.use(guard(breaker));
            inside.get("/plain", [this] {
                ++handled;
                return answer();
            });
            inside.get("/coroutine", [this]() -> task<response> {
                ++handled;
                co_return answer();
            });
            inside.get("/error", []() -> result<std::string> {
                return error(errc::unavailable, "the shelf is closed").with_code("shelf_closed").with_retry_after(3);
            });
            inside.get("/cancelled", []() -> result<std::string> { return errc::cancelled; });
            inside.get("/broken", []() -> std::string { throw std::runtime_error("disk on fire"); });
        });
    }

    testing::test_response get(std::string_view target) {
        test_client client(app, {.clock = &time});
        return client.get(target);
    }
};

// A layer that repeats a failed call once.
struct second_try {
    bool refuses_second = false;
    bool calls_it_success = false;

    template<class F>
    task<result<void>> run(F& f) {
        auto first = co_await f();
        if (first) co_return first;
        if (calls_it_success) co_return ok();
        if (refuses_second) co_return error(errc::unavailable, "enough").with_code("enough");
        auto second = co_await f();
        co_return second;
    }
};

// Refuses all calls, or reports success, without making them.
struct deaf_layer {
    result<void> outcome;

    template<class F>
    task<result<void>> run(F&) {
        co_return outcome;
    }
};

} // namespace

TEST_CASE_FIXTURE(guard_fixture, "responses below 500 pass and count as successes") {
    for (const int status : {200, 204, 304, 400, 404, 429, 499}) {
        answer = [status] { return response(status); };
        CHECK(get("/guarded/plain").status == status);
        CHECK(get("/guarded/coroutine").status == status);
    }
    CHECK(breaker.stats().total_succeeded == 14);
    CHECK(breaker.stats().total_failed == 0);
}

TEST_CASE_FIXTURE(guard_fixture, "a response of 500 or above counts as a failure, and the client gets it") {
    for (const int status : {500, 501, 502, 503, 504, 599}) {
        breaker.reset();
        answer = [status] {
            response out(status);
            out.body = "mine";
            out.headers.set("x-shelf", "7");
            return out;
        };
        const auto got = get("/guarded/plain");
        CHECK(got.status == status);
        CHECK(got.body == "mine");
        CHECK(got.header("x-shelf") == "7");
        CHECK(breaker.stats().failures == 1);
    }
}

TEST_CASE_FIXTURE(guard_fixture, "a handler's error counts, and is answered as without the guard") {
    const auto got = get("/guarded/error");
    CHECK(got.status == 503);
    CHECK(got.header("retry-after") == "3");
    CHECK(got.body == R"({"code":"shelf_closed","message":"the shelf is closed","details":[]})");
    CHECK(breaker.stats().failures == 1);
}

TEST_CASE_FIXTURE(guard_fixture, "an open circuit is answered with its error, and the handler isn't called") {
    answer = [] { return response(502); };
    get("/guarded/plain");
    get("/guarded/plain");
    time.advance(2500ms);
    const auto got = get("/guarded/plain");
    CHECK(got.status == 503);
    CHECK(got.header("retry-after") == "8");
    CHECK(got.header("content-type") == "application/json");
    CHECK(got.body == R"({"code":"circuit_open","message":"the circuit is open, try again later","details":[]})");
    CHECK(handled == 2);
    time.advance(10s);
    answer = [] { return response(200); };
    CHECK(get("/guarded/plain").status == 200);
    CHECK(breaker.state() == circuit_state::closed);
}

TEST_CASE_FIXTURE(guard_fixture, "a handler's exception counts, and recover logs it as without the guard") {
    const auto got = get("/guarded/broken");
    CHECK(got.status == 500);
    CHECK(got.body == R"({"code":"internal","message":"internal error","details":[]})");
    CHECK(lines.lines().size() == 1);
    CHECK(lines.lines().at(0).find("disk on fire") != std::string::npos);
    CHECK(breaker.stats().failures == 1);
}

TEST_CASE_FIXTURE(guard_fixture, "a cancelled handler says nothing about its dependency") {
    CHECK(get("/guarded/cancelled").status == 503);
    CHECK(breaker.stats().total_given_back == 1);
    CHECK(breaker.stats().calls == 0);
}

TEST_CASE_FIXTURE(guard_fixture, "a refusal by an inner layer is a failure to an outer guard") {
    app.route("/inner", [this](router& inside) {
        inside.use(guard(breaker));
        inside.use([](request&) -> result<void> { return errc::deadline_exceeded; });
        inside.get("/", [] { return "never"; });
    });
    CHECK(get("/inner").status == 504);
    CHECK(breaker.stats().failures == 1);
}

TEST_CASE_FIXTURE(guard_fixture, "a stack guards like a layer") {
    bulkhead slots({.max_concurrent = 1});
    const stack policy{breaker, slots};
    router behind;
    behind.use(guard(policy));
    behind.get("/", [] { return "fine"; });
    const auto place = slots.try_acquire();
    test_client client(behind, {.clock = &time});
    const auto refused = client.get("/");
    CHECK(refused.status == 503);
    CHECK(refused.header("retry-after") == "1");
    CHECK(refused.body.find("bulkhead_full") != std::string::npos);
    slots.set_max_concurrent(2);
    CHECK(client.get("/").body == "fine");
}

TEST_CASE("if a layer repeats the call, the client gets the last call's response, unless the layer refuses") {
    second_try layer;
    int handled = 0;
    router app;
    app.use(guard(layer));
    app.get("/", [&]() {
        response out(++handled % 2 == 1 ? 502 : 200);
        out.body = std::to_string(handled);
        return out;
    });
    test_client client(app);
    CHECK(client.get("/").body == "2");
    layer.refuses_second = true;
    const auto refused = client.get("/");
    CHECK(refused.status == 503);
    CHECK(refused.body.find("enough") != std::string::npos);
    handled = 0;
    layer.calls_it_success = true;
    CHECK(client.get("/").status == 502);
}

TEST_CASE("a layer that doesn't call answers on its own") {
    deaf_layer layer{error(errc::resource_exhausted, "one a day")};
    router app;
    app.use(guard(layer));
    app.get("/", [] { return "never"; });
    test_client client(app);
    CHECK(client.get("/").status == 429);
    layer.outcome = ok();
    CHECK(client.get("/").status == 204);
}

TEST_CASE("guarded requests of several connections share a bulkhead") {
    manual_clock time;
    bulkhead slots({.max_concurrent = 1, .max_wait = 5s});
    router app;
    app.use(guard(slots));
    app.get("/", []() -> task<result<std::string>> {
        const auto slept = co_await sleep_for(1s);
        if (!slept) co_return slept.error();
        co_return "done";
    });
    test_client first(app, {.clock = &time});
    test_client second(app, {.clock = &time});
    first.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    first.poll();
    second.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    second.poll();
    CHECK(slots.stats().in_flight == 1);
    CHECK(slots.stats().waiting == 1);
    time.advance(1s);
    first.poll();
    CHECK(first.receive().body == "done");
    second.poll();
    time.advance(1s);
    second.poll();
    CHECK(second.receive().body == "done");
    CHECK(slots.stats().in_flight == 0);
}
