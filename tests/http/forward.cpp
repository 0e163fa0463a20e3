// SPDX-License-Identifier: MIT
// A received answer as a handler's own.
#include <weir/http/client.hpp>
#include <weir/http/into_response.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

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

TEST_CASE("an answer that is passed on leaves behind what was the connection's that it came by") {
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

TEST_CASE("a handler returns a received answer, or what became of the call, and the server frames it anew") {
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
