// SPDX-License-Identifier: MIT
// A received response returned by a handler.
#include "http/field/field_syntax.hpp"
#include <weir/http/client.hpp>
#include <weir/http/into_response.hpp>
#include <weir/http/middleware/compress.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;
using http::client_response;

namespace {

client_response received() {
    client_response answer;
    answer.status = 203;
    answer.body = "text";
    answer.url = "http://upstream/";
    answer.headers.add("Content-Type", "text/plain")
        .add("Content-Length", "4")
        .add("DATE", "Sun, 06 Nov 1994 08:49:37 GMT")
        .add("Set-Cookie", "a=1")
        .add("Connection", "keep-alive, x-Hop")
        .add("Keep-Alive", "timeout=5")
        .add("X-Hop", "1")
        .add("Set-Cookie", "b=2")
        .add("Transfer-Encoding", "chunked")
        .add("connection", "X-Other , close")
        .add("x-other", "2")
        .add("Proxy-Authenticate", "Basic")
        .add("Proxy-Connection", "keep-alive")
        .add("TE", "trailers")
        .add("Trailer", "x-sum")
        .add("Upgrade", "h2c")
        .add("X-Kept", "3");
    answer.trailers.add("x-sum", "4");
    return answer;
}

constexpr const char* passed_on = "Content-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Kept: 3\r\n";

} // namespace

TEST_CASE("a forwarded response loses the fields of the connection it came from") {
    const client_response answer = received();
    const response copied = answer;
    CHECK(copied.status == 203);
    CHECK(copied.body == "text");
    CHECK(copied.headers.lines() == passed_on);
    CHECK(answer.headers.size() == 17);
    const response moved = received();
    CHECK(moved.headers.lines() == passed_on);
    CHECK(into_response(received()).headers.lines() == passed_on);
    CHECK(into_response(result<client_response>(received())).body == "text");
}

TEST_CASE("a handler returns a received response, or the call's error, and the server frames it itself") {
    router app;
    app.get("/plain", [] { return received(); });
    app.get("/result", []() -> task<result<client_response>> { co_return received(); });
    app.get("/response", []() -> task<response> {
        auto answer = received();
        co_return answer;
    });
    app.get("/failed", []() -> task<result<client_response>> {
        co_return error(errc::too_large, "the response's body is too large").with_status(502);
    });
    test_client client(app);
    for (const char* path : {"/plain", "/result", "/response"}) {
        CAPTURE(path);
        const auto res = client.get(path);
        CHECK(res.status == 203);
        CHECK(res.body == "text");
        CHECK(!res.closes);
        std::size_t lengths = 0;
        std::size_t dates = 0;
        for (const auto& field : res.headers) {
            if (field.first == "content-length" || field.first == "Content-Length") ++lengths;
            if (field.first == "date" || field.first == "DATE") ++dates;
        }
        CHECK(lengths == 1);
        CHECK(dates == 1);
        CHECK(res.header("transfer-encoding").empty());
    }
    CHECK(client.get("/failed").status == 502);
}

TEST_CASE("a forwarded answer to HEAD keeps its length, or has none if there was none") {
    const auto head_answer = [](std::string_view name, std::string_view value) {
        client_response answer;
        answer.status = 200;
        answer.headers.add("content-type", "text/plain").add(name, value);
        return answer;
    };
    router app;
    app.get("/stated", [=] { return head_answer("Content-Length", "1234"); });
    app.get("/chunked", [=] { return head_answer("Transfer-Encoding", "chunked"); });
    app.get("/twice", [=] {
        auto answer = head_answer("content-length", "5");
        answer.headers.add("Content-Length", "5");
        return answer;
    });
    test_client client(app);
    const auto lengths = [&](http::method verb, const char* path) {
        const auto res = client.send(verb, path);
        CHECK(res.status == 200);
        CHECK(!res.closes);
        CHECK(res.header("transfer-encoding").empty());
        std::vector<std::string> all;
        for (const auto& field : res.headers)
            if (http::detail::equal_no_case(field.first, "content-length")) all.push_back(field.second);
        return all;
    };
    using values = std::vector<std::string>;
    CHECK(lengths(http::method::head, "/stated") == values{"1234"});
    CHECK(lengths(http::method::head, "/chunked") == values{});
    CHECK(lengths(http::method::head, "/twice") == values{"5"});
    for (const char* path : {"/stated", "/chunked", "/twice"})
        CHECK(lengths(http::method::get, path) == values{"0"}); // the body was not received, so none is sent
}

TEST_CASE("an answer to HEAD omits the plain body's length if compress() would encode the body") {
    router app;
    app.use(http::compress());
    for (const char* type : {"text/plain", "video/mp4"})
        app.add(http::method::get, std::string("/") + type, http::detail::adapt([type] {
                    client_response answer;
                    answer.status = 200;
                    answer.headers.add("content-type", type).add("content-length", "5000");
                    return answer;
                }));
    test_client client(app);
    client.header("accept-encoding", "gzip");
    CHECK(client.send(http::method::head, "/text/plain").header("content-length").empty());
    CHECK(client.send(http::method::head, "/video/mp4").header("content-length") == "5000");
}
