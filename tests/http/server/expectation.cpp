// SPDX-License-Identifier: MIT
// Expect: 100-continue (RFC 9110 section 10.1.1): a client refused by its head is answered before it sends a body.
#include <weir/http/body_reader.hpp>
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";

struct expectation_fixture {
    manual_clock time;
    router app;
    int asked = 0;                 // calls of identify
    std::vector<std::string> said; // by the layers and handlers, in order
    std::vector<int> ends;         // the status of each ended request

    expectation_fixture() {
        middleware witness;
        witness.after = [this](request&, response& res) { said.push_back("after " + std::to_string(res.status)); };
        witness.after_refusal = [this](request& req, response& res) {
            said.push_back("refused " + std::to_string(res.status) + " " + user_of(req));
        };
        witness.done = [this](const request& req, const response& res, const http::exchange_summary& how) {
            ends.push_back(how.aborted ? -res.status : res.status);
            said.push_back("done " + user_of(req));
        };
        app.use(witness).use(request_id()).use(authenticate([this](request& req) { return identify(req); }));
        app.post("/plain", [this](request& req) { return handled(req); });
        app.post("/later", [this](request& req) -> task<std::string> {
            const auto name = req.header("x-name"); // must stay valid after the wait
            co_await sleep_for(1s);
            co_return handled(req) + " " + std::string(name);
        });
        app.post("/stream", [this](body_reader in) -> task<result<std::string>> {
            said.emplace_back("reading");
            co_return co_await in.read_all(100);
        });
        app.route("/signed", [this](router& inner) {
            inner.use([this](request& req) -> result<void> {
                said.push_back("signature of " + std::string(req.body()));
                if (req.body() != "ok") return errc::permission_denied;
                return ok();
            });
            inner.use(require("write"));
            inner.post("/plain", [this](request& req) { return handled(req); });
        });
        app.route("/around", [this](router& inner) {
            inner.use([this](request& req, next next) -> task<response> {
                said.push_back("around " + std::string(req.body()));
                co_return co_await next(req);
            });
            inner.use(require("write"));
            inner.post("/plain", [this](request& req) { return handled(req); });
        });
    }

    static std::string user_of(const request& req) {
        const auto* who = req.find<principal>();
        return who ? who->subject : "nobody";
    }
    result<principal> identify(request& req) {
        ++asked;
        if (req.header("x-user").empty()) return errc::unauthenticated;
        principal who;
        who.subject = std::string(req.header("x-user"));
        return who;
    }
    std::string handled(request& req) {
        said.emplace_back("handler");
        return user_of(req) + " sent " + std::string(req.body());
    }

    test_client client(http::limits limits = {}) { return test_client(app, {.limits = limits, .clock = &time}); }
    static std::string head(const std::string& path, const std::string& fields) {
        return "POST " + path + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nX-Request-Id: r1\r\n" + fields +
               "\r\n";
    }
    static inline const std::string four = "Content-Length: 4\r\n", ann = "X-User: ann\r\n",
                                    chunked = "Transfer-Encoding: chunked\r\n";
    using words = std::vector<std::string>;
};

} // namespace

TEST_CASE_FIXTURE(expectation_fixture, "a refused client gets its answer instead of 100, and the connection ends") {
    for (const std::string path : {"/plain", "/later", "/stream", "/around/plain", "/signed/plain"})
        for (const auto& length : {four, chunked}) {
            CAPTURE(path);
            auto peer = client();
            peer.write(head(path, length));
            peer.poll();
            const auto res = peer.receive();
            CHECK(res.status == 401);
            CHECK(res.header("x-request-id") == "r1");
            CHECK(res.closes);
            CHECK(peer.closed());
        }
    CHECK(asked == 10);
    CHECK(ends == std::vector<int>(10, 401));
}

TEST_CASE_FIXTURE(expectation_fixture, "an accepted client is sent 100, and each layer runs once") {
    for (const std::string path : {"/plain", "/later"}) {
        CAPTURE(path);
        asked = 0;
        said.clear();
        auto peer = client();
        peer.write(head(path, four + ann + "X-Name: x\r\n"));
        CHECK(peer.output() == go_on);
        peer.write("bo");
        CHECK(said.empty());
        auto other = client(); // the loop serves this one in between
        other.write("POST /plain HTTP/1.1\r\nHost: b\r\nX-User: bob\r\nContent-Length: 0\r\n\r\n");
        CHECK(other.receive().body == "bob sent ");
        said.clear();
        peer.write("dyPOST /plain HTTP/1.1\r\nHost: a\r\nX-User: eve\r\nContent-Length: 1\r\n\r\n!");
        peer.poll();
        time.advance(1s);
        peer.poll();
        const auto res = peer.receive();
        CHECK(res.body == (path == "/plain" ? "ann sent body" : "ann sent body x"));
        CHECK(res.header("x-request-id") == "r1");
        CHECK(peer.receive().body == "eve sent !");
        CHECK(said == words{"handler", "after 200", "done ann", "handler", "after 200", "done eve"});
        CHECK(asked == 3);
    }
}

TEST_CASE_FIXTURE(expectation_fixture, "a chunked body arrives with its trailers") {
    app.post("/trailers",
             [](request& req) { return std::string(req.body()) + " " + std::string(req.trailers().find("x-sum")); });
    auto peer = client();
    peer.write(head("/trailers", chunked + ann));
    CHECK(peer.output() == go_on);
    peer.write("2\r\nbo\r\n");
    peer.write("2\r\ndy\r\n0\r\nX-Sum: 7\r\n\r\n");
    CHECK(peer.receive().body == "body 7");
}

TEST_CASE_FIXTURE(expectation_fixture, "layers that read the body, or wait, run when it has arrived") {
    auto refused = client();
    refused.write(head("/signed/plain", four + ann));
    CHECK(refused.output() == go_on);
    refused.write("body");
    CHECK(refused.receive().status == 403);
    CHECK(!refused.closed());
    CHECK(said == words{"signature of body", "after 403", "done ann"});

    said.clear();
    auto inner = client(); // what it lacks is found inside the layer that waits
    inner.write(head("/around/plain", four + ann));
    CHECK(inner.output() == go_on);
    inner.write("body");
    inner.poll();
    CHECK(inner.receive().status == 403);
    CHECK(said == words{"around body", "after 403", "done ann"});
    CHECK(asked == 2);
}

TEST_CASE_FIXTURE(expectation_fixture, "an invalid body is refused for an accepted client") {
    auto late = client({.body_time = 10s});
    late.write(head("/plain", four + ann));
    CHECK(late.output() == go_on);
    late.write("bo");
    time.advance(11s);
    late.poll();
    CHECK(late.receive().status == 408);
    CHECK(late.closed());

    auto large = client({.body = 4});
    large.write(head("/plain", chunked + ann));
    CHECK(large.output() == go_on);
    large.write("5\r\n");
    CHECK(large.receive().status == 413);

    auto cut = client();
    cut.write(head("/plain", four + ann));
    CHECK(cut.output() == go_on);
    cut.write_end();
    CHECK(cut.receive().status == 400);
    CHECK(said == words{"refused 408 ann", "done ann", "refused 413 ann", "done ann", "refused 400 ann", "done ann"});
    CHECK(asked == 3);
}

TEST_CASE_FIXTURE(expectation_fixture, "an accepted request whose client goes away ends too, once") {
    auto peer = client();
    peer.write(head("/plain", four + ann));
    CHECK(peer.output() == go_on);
    peer.write("bo");
    peer.reset();
    CHECK(ends == std::vector<int>{-499});
    CHECK(said == words{"done ann"});
}

TEST_CASE_FIXTURE(expectation_fixture, "a client that doesn't wait for the 100 is served like any other") {
    auto peer = client();
    peer.write(head("/plain", four + ann) + "body");
    CHECK(peer.receive().body == "ann sent body");
    peer.write(head("/plain", four) + "body");
    CHECK(peer.receive().status == 401);
    CHECK(!peer.closed());
    CHECK(asked == 2);
}
