// SPDX-License-Identifier: MIT
// Responses that the server sends on its own, as a browser of another origin sees them.
#include <weir/http/body_reader.hpp>
#include <weir/http/middleware/cors.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr const char* our_page = "https://app.example.com";

// The head of a request from a page of an allowed origin, without its last line.
std::string head(const std::string& line) {
    return line + " HTTP/1.1\r\nHost: a\r\nOrigin: " + our_page + "\r\nX-Request-Id: r1\r\n";
}

struct refusals_fixture {
    manual_clock time;
    router app;
    std::string ended; // the arguments of `done`: path, route and status of each request

    refusals_fixture() {
        middleware witness;
        witness.done = [this](const request& req, const response& res, const http::exchange_summary&) {
            ended.append(req.path()).append(" ").append(req.route()).append(" ").append(std::to_string(res.status));
        };
        app.use(witness).use(cors({.origins = {our_page}})).use(request_id());
        app.post("/todos", [] { return "made"; });
        app.post("/read", [](body_reader in) -> task<result<std::string>> { co_return co_await in.read_all(100); });
        app.get("/stuck", []() -> task<std::string> {
            const executor here = co_await this_task;
            boost::asio::steady_timer never(here.context().loop().io(), 1h);
            co_await never.async_wait(boost::asio::as_tuple(use_task));
            co_return "at last";
        });
    }

    test_client client(http::limits limits = {}) { return test_client(app, {.limits = limits, .clock = &time}); }

    void pass(test_client& peer, duration by) {
        peer.poll();
        time.advance(by);
        peer.poll();
    }

    static void check_shared(test_client& peer, int status) {
        const auto res = peer.receive();
        CHECK(res.status == status);
        CHECK(res.header("access-control-allow-origin") == our_page);
        CHECK(res.header("vary") == "Origin");
        CHECK(res.header("x-request-id") == "r1");
        CHECK(res.body.starts_with("{\"code\":"));
        CHECK(res.closes);
    }
};

const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";

} // namespace

TEST_CASE_FIXTURE(refusals_fixture, "a 413 of an announced body can be read") {
    auto peer = client({.body = 4});
    peer.write(head("POST /todos") + "Content-Length: 5\r\n\r\n");
    check_shared(peer, 413);
    CHECK(ended == "/todos /todos 413");
}

TEST_CASE_FIXTURE(refusals_fixture, "a 413 or 400 of a chunked body can be read, at once or later") {
    for (const char* bad : {"5\r\n", "zz\r\n"}) {
        const int status = *bad == '5' ? 413 : 400;
        auto at_once = client({.body = 4});
        at_once.write(head("POST /todos") + chunked + bad);
        check_shared(at_once, status);

        auto later = client({.body = 4});
        later.write(head("POST /todos") + chunked + "2\r\nab\r\n");
        auto between = client();
        between.write("POST /todos HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        CHECK(between.receive().body == "made");
        later.write(bad);
        check_shared(later, status);
    }
}

TEST_CASE_FIXTURE(refusals_fixture, "a 413 or 408 that a body reader runs into can be read") {
    auto large = client({.body = 4});
    large.write(head("POST /read") + chunked + "5\r\n");
    large.poll();
    check_shared(large, 413);

    auto slow = client({.body_time = 10s});
    slow.write(head("POST /read") + "Content-Length: 5\r\n\r\nab");
    pass(slow, 11s);
    check_shared(slow, 408);
}

TEST_CASE_FIXTURE(refusals_fixture, "a 408 or 400 of an incomplete body can be read") {
    auto slow = client({.body_time = 10s});
    slow.write(head("POST /todos") + "Content-Length: 5\r\n\r\nab");
    pass(slow, 11s);
    check_shared(slow, 408);

    auto cut = client();
    cut.write(head("POST /todos") + "Content-Length: 5\r\n\r\nab");
    cut.write_end();
    check_shared(cut, 400);
    CHECK(ended == "/todos /todos 408/todos /todos 400");
}

TEST_CASE_FIXTURE(refusals_fixture, "a 504 of a handler that timed out can be read") {
    auto peer = client({.handler_time = 5s});
    peer.write(head("GET /stuck") + "\r\n");
    pass(peer, 6s);
    check_shared(peer, 504);
    peer.poll();
    CHECK(ended == "/stuck /stuck 504");
}

TEST_CASE_FIXTURE(refusals_fixture, "a 501 and an unreadable path can be read") {
    auto unknown = client();
    unknown.write(head("BREW /todos") + "\r\n");
    check_shared(unknown, 501);

    auto unreadable = client();
    unreadable.write(head("GET /%zz") + "\r\n");
    check_shared(unreadable, 400);
    CHECK(ended == "/todos  501/%zz  400");
}

TEST_CASE_FIXTURE(refusals_fixture, "a refused HEAD has no body, and another origin gets no CORS field") {
    auto peer = client();
    peer.write(head("HEAD /%zz") + "\r\n");
    CHECK(peer.receive(true).status == 400);
    CHECK(peer.output().empty());

    auto foreign = client({.body = 4});
    foreign.write("POST /todos HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\nContent-Length: 5\r\n\r\n");
    const auto res = foreign.receive();
    CHECK(res.status == 413);
    CHECK(res.header("access-control-allow-origin").empty());
    CHECK(res.header("x-request-id").size() == 16);
}

TEST_CASE_FIXTURE(refusals_fixture, "without a readable head there are no CORS fields") {
    auto peer = client();
    peer.write("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    const auto res = peer.receive();
    CHECK(res.status == 400);
    CHECK(res.header("vary").empty());
}

TEST_CASE("a layer that throws on a refusal makes it a 500, and the outer layers still shape it") {
    router app;
    middleware broken;
    broken.after_refusal = [](request&, response&) { throw std::runtime_error("broken"); };
    app.use(cors({.origins = {our_page}})).use(broken);
    app.post("/todos", [] { return "made"; });
    test_client peer(app, {.limits = {.body = 4}});
    peer.write(head("POST /todos") + "Content-Length: 5\r\n\r\n");
    const auto res = peer.receive();
    CHECK(res.status == 500);
    CHECK(res.header("access-control-allow-origin") == our_page);
    CHECK(res.closes);
}
