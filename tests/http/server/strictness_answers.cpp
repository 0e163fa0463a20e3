// SPDX-License-Identifier: MIT
// The responses of a strict server other than refusals: the rest of the list in strictness.cpp.
#include <weir/http/body_reader.hpp>
#include <weir/http/form.hpp>
#include <weir/http/multipart.hpp>
#include <weir/http/multipart_reader.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir;

namespace {

struct answer_note {
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(answer_note, (), (text))

std::string post_head(const std::string& fields) { return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

struct answers_fixture {
    router app;
    int handled = 0;
    std::string late;

    answers_fixture() {
        app.get("/", [this] {
            ++handled;
            return "root";
        });
        app.post("/echo", [](request& req) { return std::string(req.body()); });
        app.post("/json", [](body<answer_note> in) { return in->text; });
        app.post("/form", [](form<answer_note> in) { return in->text; });
        app.post("/read", [](body_reader in) -> task<result<std::string>> { co_return co_await in.read_all(1000); });
        app.post("/late", [this](body_reader in) -> task<result<std::string>> {
            co_await sleep_for(std::chrono::seconds(1)); // cancelled or not
            auto text = co_await in.read_all(1000);
            late = text ? "read" : std::string(text.error().code());
            co_return text;
        });
        app.post("/unread", [](body_reader) -> task<std::string> { co_return "thanks"; });
        app.post("/multipart", [](multipart in) { return std::string(in.field("text").value_or("none")); });
        app.post("/parts", [](multipart_reader in) -> task<result<std::string>> {
            const auto part = co_await in.next_part();
            if (!part) co_return part.error();
            co_return (*part)->name;
        });
        app.get("/nothing", [] { return response(204); });
        app.get("/unchanged", [] { return response(304); });
    }
};

} // namespace

TEST_CASE_FIXTURE(answers_fixture, "the refusal of a HEAD request has no body either") { // RFC 9110 section 9.3.2
    for (const std::string rest : {"Content-Length: 1048577\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nz"}) {
        test_client peer(app);
        peer.write("HEAD /echo HTTP/1.1\r\nHost: a\r\n" + rest);
        const auto res = peer.receive(true);
        CHECK(res.status == (rest.front() == 'C' ? 413 : 400));
        CHECK(res.header("content-length") != "0");
        CHECK(peer.output().empty());
    }
    test_client peer(app);
    peer.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n"); // no longer HEAD
    CHECK(peer.receive(true).status == 200);
    CHECK(peer.receive().body.starts_with(R"({"code":"bad_request")"));
}

TEST_CASE_FIXTURE(answers_fixture, "an unsupported method is a 405 with Allow, and never echoed") {
    for (const std::string method : {"PUT", "TRACE"}) { // RFC 9110 sections 9.3.8 and 15.5.6
        test_client peer(app);
        peer.write(method + " /echo HTTP/1.1\r\nHost: a\r\nX-Secret: token\r\n\r\n");
        const auto res = peer.receive();
        CHECK(res.status == 405);
        CHECK(res.header("allow").find("POST") != std::string::npos);
        CHECK(res.body.find("token") == std::string::npos);
        CHECK(!peer.closed());
    }
}

TEST_CASE_FIXTURE(answers_fixture,
                  "Expect is answered with 100 at once, or with the final response") { // RFC 9110 10.1.1
    test_client told(app);
    told.write(post_head("Content-Length: 3\r\nExpect: 100-continue\r\n"));
    CHECK(told.output() == "HTTP/1.1 100 Continue\r\n\r\n");
    told.write("abc");
    CHECK(told.receive().body == "abc");
    test_client old(app); // HTTP/1.0 doesn't have it
    old.write("POST /echo HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(old.output().empty());
    old.write("abc");
    CHECK(old.receive().body == "abc");
    test_client lost(app);
    lost.write("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(lost.receive().status == 404);
    CHECK(lost.closed());
}

TEST_CASE_FIXTURE(answers_fixture, "a body of another type or in a coding is a 415") { // RFC 9110 section 15.5.16
    const auto status = [this](const std::string& path, const std::string& more, const std::string& text) {
        test_client peer(app);
        peer.write("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + more +
                   "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
        return peer.receive().status;
    };
    const std::string json = R"({"text":"a"})";
    CHECK(status("/json", "Content-Type: application/json\r\n", json) == 200);
    CHECK(status("/json", "Content-Type: application/json\r\nContent-Encoding: Identity\r\n", json) == 200);
    CHECK(status("/json", "", json) == 415);
    CHECK(status("/json", "Content-Type: text/plain\r\n", json) == 415);
    CHECK(status("/json", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", json) == 415);
    CHECK(status("/json", "Content-Type: application/json\r\nContent-Encoding: x\r\n", json) == 415);
    const std::string form_type = "Content-Type: application/x-www-form-urlencoded\r\n";
    CHECK(status("/form", form_type, "text=a") == 200);
    CHECK(status("/form", "Content-Type: text/plain\r\n", "text=a") == 415);
    CHECK(status("/form", form_type + "Content-Encoding: br\r\n", "text=a") == 415);
    const std::string parts_type = "Content-Type: multipart/form-data; boundary=b\r\n";
    const std::string parts = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na\r\n--b--\r\n";
    for (const std::string path : {"/multipart", "/parts"}) {
        CAPTURE(path);
        CHECK(status(path, parts_type, parts) == 200);
        CHECK(status(path, "Content-Type: text/plain\r\n", parts) == 415);
        CHECK(status(path, parts_type + "Content-Encoding: gzip\r\n", parts) == 415);
    }
}

TEST_CASE_FIXTURE(answers_fixture, "after close, and in HTTP/1.0 without keep-alive, nothing more is served") {
    const std::string good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const std::string first :
         {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: keep-alive, CLOSE\r\n\r\n",
          "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"}) { // RFC 9112 sections 9.3 and 9.6
        CAPTURE(first);
        handled = 0;
        test_client peer(app);
        peer.write(first + good);
        CHECK(peer.receive().header("connection") == "close");
        CHECK(peer.closed());
        CHECK(peer.output().empty());
        CHECK(handled == 1);
    }
}

TEST_CASE_FIXTURE(answers_fixture, "100, 204 and 304 have no body, and 100 and 204 no length") { // RFC 9110 section 8.6
    test_client peer(app);
    for (const int status : {204, 304}) {
        peer.write(
            status == 204 ? "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" : "GET /unchanged HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto output = peer.output();
        CHECK(output.starts_with("HTTP/1.1 " + std::to_string(status)));
        CHECK(output.ends_with("\r\n\r\n"));
        CHECK(output.find("\r\n\r\n") == output.size() - 4);
        CHECK(output.find("ransfer-") == std::string::npos);
        if (status == 204) CHECK(output.find("ontent-") == std::string::npos);
    }
    peer.write(post_head("Content-Length: 3\r\nExpect: 100-continue\r\n"));
    CHECK(peer.output() == "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE_FIXTURE(answers_fixture, "a body that the handler hasn't read ends the connection") { // RFC 9112 section 9.3
    test_client peer(app);
    peer.write("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    CHECK(peer.receive().closes);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(answers_fixture,
                  "a handler that reads a truncated body gets an error") { // RFC 9112 section 8
    test_client peer(app);
    peer.write("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
    peer.poll();
    peer.write_end();
    CHECK(peer.receive().status == 400);
    CHECK(peer.closed());
}

TEST_CASE_FIXTURE(answers_fixture, "a handler that starts to read after its peer hung up gets an error") {
    test_client peer(app, {.limits = {.half_close = true}});
    peer.write("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    peer.poll();
    CHECK(late.empty());
    peer.reset();
    CHECK(late == "cancelled");
}
