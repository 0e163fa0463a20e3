// SPDX-License-Identifier: MIT
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/recover.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <string>
#include <unistd.h>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct trace {
    std::string steps;

    middleware plain(char name) {
        middleware layer;
        layer.before = [this, name](request&) -> result<void> {
            steps += name;
            return ok();
        };
        layer.after = [this, name](request&, response&) { steps += static_cast<char>(name - 32); };
        return layer;
    }

    middleware coroutine(char name) {
        return [this, name](request& req, next next) -> task<response> {
            steps += name;
            response res = co_await next(req);
            steps += static_cast<char>(name - 32);
            co_return res;
        };
    }
};

// The bearer token `shopper` is known, no other.
middleware signed_in() {
    return authenticate([](request& req) -> result<principal> {
        if (req.bearer() != "shopper") return error(errc::unauthenticated, "log in first");
        principal who;
        who.subject = "7";
        who.permissions = {"orders:write"};
        return who;
    });
}

struct log_fixture {
    manual_clock time;
    memory_log lines;
    logger log{lines.sink(), {.asynchronous = false, .clock = &time}};
    router app;

    log_fixture() {
        app.use(request_id()).use(access_log(log)).use(recover(log));
        app.get("/ok", [] { return "fine"; });
        app.get("/broken", []() -> std::string { throw std::runtime_error("disk on fire"); });
        app.get("/stuck", []() -> task<result<void>> {
            const executor here = co_await this_task;
            boost::asio::steady_timer never(here.context().loop().io(), std::chrono::hours(1));
            co_await never.async_wait(boost::asio::as_tuple(use_task));
            co_return errc::cancelled;
        });
        app.route("/private", [](router& inside) {
            inside.use(signed_in());
            inside.with(require("orders:write")).get("/orders", [](principal who) { return who.subject; });
            inside.with(require("users:read")).get("/users", [] { return "users"; });
        });
    }

    test_client client(http::limits limits = {}) { return test_client(app, {.limits = limits, .clock = &time}); }
};

// Captures stderr during its lifetime.
class captured_stderr {
public:
    captured_stderr() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) { ::dup2(::fileno(file_), STDERR_FILENO); }
    ~captured_stderr() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        std::fclose(file_);
    }
    captured_stderr(const captured_stderr&) = delete;
    captured_stderr& operator=(const captured_stderr&) = delete;

    std::string text() const {
        std::string all(4096, '\0');
        const auto size = ::pread(::fileno(file_), all.data(), all.size(), 0);
        all.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return all;
    }

private:
    std::FILE* file_;
    int before_;
};

bool has(const std::string& line, std::string_view part) { return line.find(part) != std::string::npos; }

} // namespace

TEST_CASE("layers run in reading order around the handler, plain and coroutine alike") {
    trace seen;
    router app;
    app.use(seen.plain('a')).use(seen.coroutine('b')).use(seen.plain('c'));
    app.get("/", [&] {
        seen.steps += '.';
        return "";
    });
    app.get("/coroutine", [&]() -> task<std::string> {
        seen.steps += '.';
        co_return "";
    });
    test_client client(app);
    for (const char* target : {"/", "/coroutine"}) {
        seen.steps.clear();
        CHECK(client.get(target).status == 200);
        CHECK(seen.steps == "abc.CBA");
    }
}

TEST_CASE("a group's layers wrap only its routes, and unknown paths pass the top router's") {
    trace seen;
    router app;
    app.use(seen.plain('a'));
    app.route("/in", [&](router& in) {
        in.use(seen.plain('b'));
        in.get("/x", [] { return ""; });
    });
    app.get("/out", [] { return ""; });
    test_client client(app);
    client.get("/in/x");
    CHECK(seen.steps == "abBA");
    seen.steps.clear();
    client.get("/out");
    CHECK(seen.steps == "aA");
    seen.steps.clear();
    CHECK(client.get("/nowhere").status == 404);
    CHECK(seen.steps == "aA");
}

TEST_CASE("a refusal skips the inner layers and still passes the outer ones") {
    trace seen;
    router app;
    app.use(seen.plain('a'));
    app.use([](request&) -> result<void> { return error(errc::resource_exhausted).with_retry_after(3); });
    app.use(seen.plain('b'));
    app.get("/", [] { return ""; });
    test_client client(app);
    const auto res = client.get("/");
    CHECK(res.status == 429);
    CHECK(res.header("retry-after") == "3");
    CHECK(seen.steps == "aA");
}

TEST_CASE_FIXTURE(log_fixture, "a missing principal gets 401, a wrong one 403, the right one the handler") {
    auto peer = client();
    const auto nobody = peer.get("/private/orders");
    CHECK(nobody.status == 401);
    CHECK(nobody.header("www-authenticate") == "Bearer");
    peer.header("authorization", "Bearer shopper");
    CHECK(peer.get("/private/orders").body == "7");
    const auto wrong = peer.get("/private/users");
    CHECK(wrong.status == 403);
    CHECK(wrong.body.find("users:read") != std::string::npos);
}

TEST_CASE_FIXTURE(log_fixture, "the access log has one line per request with its fields") {
    auto peer = client();
    peer.header("user-agent", "probe/1").header("x-request-id", "r-42");
    const auto res = peer.get("/private/users?token=hidden");
    CHECK(res.header("x-request-id") == "r-42");
    REQUIRE(lines.lines().size() == 1);
    const std::string line = lines.lines().front();
    for (const char* part :
         {R"("message":"request")", R"("method":"GET")", R"("path":"/private/users")", R"("route":"/private/users")",
          R"("status":401)", R"("duration_ms":0.000)", R"("client":"127.0.0.1")", R"("user_agent":"probe/1")",
          R"("request_id":"r-42")"}) {
        CAPTURE(part);
        CHECK(has(line, part));
    }
    CHECK(has(line, R"("bytes":)"));
    CHECK(!has(line, "hidden"));
}

TEST_CASE_FIXTURE(log_fixture, "every outcome is logged exactly once") {
    auto peer = client();
    peer.get("/ok");
    peer.get("/nowhere");
    peer.get("/private/orders");
    peer.write("broken\r\n\r\n");
    peer.receive();
    const auto seen = lines.lines();
    REQUIRE(seen.size() == 4);
    CHECK(has(seen[0], R"("status":200)"));
    CHECK(has(seen[1], R"("status":404)"));
    CHECK(has(seen[2], R"("status":401)"));
    CHECK(has(seen[3], R"("status":400)"));
}

TEST_CASE_FIXTURE(log_fixture, "an exception's cause is in the log and not in the response") {
    auto peer = client();
    const auto res = peer.get("/broken");
    CHECK(res.status == 500);
    CHECK(!has(res.body, "fire"));
    const auto seen = lines.lines();
    REQUIRE(seen.size() == 2);
    CHECK(has(seen[0], "handler failed"));
    CHECK(has(seen[0], "disk on fire"));
    CHECK(has(seen[1], R"("status":500)"));
}

TEST_CASE_FIXTURE(log_fixture, "a client that went away is logged once, as 499, when its handler has ended") {
    auto peer = client();
    peer.write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.poll();
    CHECK(lines.lines().empty());
    peer.reset();
    const auto seen = lines.lines();
    REQUIRE(seen.size() == 1);
    CHECK(has(seen[0], R"("status":499)"));
    CHECK(has(seen[0], R"("path":"/stuck")"));
}

TEST_CASE_FIXTURE(log_fixture, "a request past its deadline is logged once, as 504") {
    auto peer = client();
    peer.write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.poll();
    time.advance(31s);
    peer.poll();
    CHECK(peer.receive().status == 504);
    peer.poll();
    REQUIRE(lines.lines().size() == 1);
    CHECK(has(lines.lines().front(), R"("status":504)"));
}

TEST_CASE_FIXTURE(log_fixture,
                  "a done that throws is logged, the other layers' done still runs, and requests continue") {
    std::string ended;
    const auto layer = [&ended](char name, bool throws) {
        middleware made;
        made.done = [&ended, name, throws](const request&, const response& res, const http::exchange_summary&) {
            ended += name + std::to_string(res.status);
            if (throws) throw std::runtime_error("disk full");
        };
        return made;
    };
    app.route("/counted", [&](router& in) {
        in.use(layer('a', false)).use(layer('b', true)).use(layer('c', false));
        in.get("/plain", [] { return ""; });
        in.get("/coroutine", []() -> task<std::string> { co_return ""; });
    });
    auto peer = client();
    for (const char* target : {"/counted/plain", "/counted/coroutine"}) {
        CAPTURE(target);
        ended.clear();
        lines.clear();
        CHECK(peer.get(target).status == 200);
        CHECK(ended == "c200b200a200");
        const auto seen = lines.lines();
        REQUIRE(seen.size() == 2);
        CHECK(has(seen[0], R"("level":"error")"));
        CHECK(has(seen[0], "middleware failed after the response"));
        CHECK(has(seen[0], "disk full"));
        CHECK(has(seen[0], target));
        CHECK(has(seen[1], R"("status":200)"));
    }
}

TEST_CASE_FIXTURE(log_fixture, "client errors write no line at level error") {
    auto unknown = client();
    unknown.write("FROB / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(unknown.receive().status == 501);
    auto gone = client();
    gone.write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    gone.poll();
    gone.write_end();
    gone.poll();
    const auto seen = lines.lines();
    REQUIRE(seen.size() == 2);
    CHECK(has(seen[0], R"("status":501)"));
    CHECK(has(seen[1], R"("status":499)"));
    for (const auto& line : seen) CHECK(has(line, R"("level":"info")"));
}

TEST_CASE("an exception of a done that no layer handles is written to stderr") {
    router app;
    middleware broken;
    broken.done = [](const request&, const response&, const http::exchange_summary&) {
        throw std::runtime_error("disk full");
    };
    SUBCASE("without a done_failed") {}
    SUBCASE("with a done_failed that throws too") {
        broken.done_failed = [](const request&, const error&) { throw std::runtime_error("no memory"); };
    }
    app.use(broken);
    app.get("/", [] { return "fine"; });
    test_client client(app);
    const captured_stderr seen;
    CHECK(client.get("/").body == "fine");
    CHECK(client.get("/").body == "fine");
    CHECK(seen.text() == "weir: a middleware's done: disk full\nweir: a middleware's done: disk full\n");
}

TEST_CASE("a forwarded address is trusted only from trusted proxies") {
    manual_clock time;
    memory_log lines;
    const logger log(lines.sink(), {.asynchronous = false, .clock = &time});
    const auto client_seen = [&](std::vector<std::string> trusted) {
        lines.clear();
        router app;
        app.use(access_log(log, {.trusted_proxies = std::move(trusted)}));
        app.get("/", [] { return ""; });
        test_client peer(app, {.clock = &time});
        peer.header("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.1.2.3");
        peer.get("/");
        const std::string line = lines.lines().front();
        const auto at = line.find(R"("client":")") + 10;
        return line.substr(at, line.find('"', at) - at);
    };
    CHECK(client_seen({}) == "127.0.0.1");
    CHECK(client_seen({"127.0.0.1", "10.0.0.0/8"}) == "203.0.113.9");
    CHECK(client_seen({"192.168.0.0/16"}) == "127.0.0.1");
    CHECK_THROWS_AS(client_seen({"everybody"}), std::invalid_argument);
}

TEST_CASE("generated request ids are unique, and hostile ones replaced") {
    router app;
    app.use(request_id());
    app.get("/", [](context& ctx) { return ctx.request_id(); });
    test_client client(app);
    const auto first = client.get("/").body;
    CHECK(first.size() == 16);
    CHECK(first != client.get("/").body);
    std::set<std::string> ids;
    for (int i = 0; i < 100; ++i) ids.insert(client.get("/").body);
    CHECK(ids.size() == 100);
    for (const auto& id : ids) CHECK(id.find_first_not_of("0123456789abcdef") == id.npos);
    client.header("x-request-id", "a b\tc");
    CHECK(client.get("/").body.size() == 16);
    const std::string longest(64, 'x');
    client.header("x-request-id", longest);
    CHECK(client.get("/").body == longest);
    client.header("x-request-id", longest + 'x');
    CHECK(client.get("/").body.size() == 16);
}
