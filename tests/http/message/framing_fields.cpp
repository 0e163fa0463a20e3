// SPDX-License-Identifier: MIT
// Handler fields that concern what the server decides: each is on the wire once, with the correct value.
#include "http/field/field_syntax.hpp"
#include "support/stubborn_wire.hpp"
#include <weir/http/body_writer.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir;

namespace {

using values = std::vector<std::string>;
using fields = std::vector<std::pair<std::string, std::string>>;

struct framing_fixture {
    manual_clock time;
    router app;

    // A route whose handler sets these fields.
    void answer(const char* path, const fields& set, int status = 200, std::string body = "text") {
        app.add(http::method::get, path, http::detail::adapt([=] {
                    response res(status);
                    for (const auto& [name, value] : set) res.headers.add(name, value);
                    res.body = body;
                    return res;
                }));
    }

    testing::test_response ask(const char* path, http::method verb = http::method::get, const char* minor = "1") {
        test_client client(app, {.clock = &time});
        client.write(std::string(http::name(verb)) + " " + path + " HTTP/1." + minor + "\r\nHost: a\r\n\r\n");
        auto res = client.receive(verb == http::method::head);
        CHECK(client.closed() == res.closes);
        return res;
    }

    static values all(const testing::test_response& res, std::string_view name) {
        values found;
        for (const auto& field : res.headers)
            if (http::detail::equal_no_case(field.first, name)) found.push_back(field.second);
        return found;
    }
};

} // namespace

TEST_CASE_FIXTURE(framing_fixture, "a length or a coding set by a handler isn't sent: the server knows the framing") {
    answer("/short", {{"content-length", "2"}});
    answer("/long", {{"Content-Length", "2000"}, {"content-length", "7"}});
    answer("/chunked", {{"transfer-encoding", "chunked"}});
    answer("/both", {{"Transfer-Encoding", "gzip, chunked"}, {"x-kept", "1"}, {"CONTENT-LENGTH", "1"}});
    answer("/missing", {{"content-length", "1"}}, 404);
    for (const char* path : {"/short", "/long", "/chunked", "/both", "/missing"}) {
        CAPTURE(path);
        const auto res = ask(path);
        CHECK(res.body == "text");
        CHECK(all(res, "content-length") == values{"4"});
        CHECK(all(res, "transfer-encoding").empty());
        CHECK(all(res, "date").size() == 1);
        CHECK(!res.closes);
    }
    CHECK(ask("/both").header("x-kept") == "1");
}

TEST_CASE_FIXTURE(framing_fixture, "a response without a body has no length") {
    answer("/none", {{"content-length", "4"}, {"transfer-encoding", "chunked"}}, 204);
    CHECK(all(ask("/none"), "content-length").empty());
    CHECK(all(ask("/none"), "transfer-encoding").empty());
    CHECK(all(ask("/none", http::method::head), "content-length").empty());
}

TEST_CASE_FIXTURE(framing_fixture, "a streamed body is framed by the server too") {
    const auto pieces = [](std::optional<std::uint64_t> size) {
        return [size](request&) {
            auto source = [](body_writer& out) -> task<result<void>> { co_return co_await out.write("text"); };
            http::stream_options options;
            options.size = size;
            response res = http::stream(source, options);
            res.headers.add("content-length", "9").add("transfer-encoding", "chunked");
            return res;
        };
    };
    app.get("/pieces", pieces({}));
    app.get("/sized", pieces(4));
    const auto chunked = ask("/pieces");
    CHECK(chunked.body == "text");
    CHECK(all(chunked, "transfer-encoding") == values{"chunked"});
    CHECK(all(chunked, "content-length").empty());
    const auto sized = ask("/sized");
    CHECK(sized.body == "text");
    CHECK(all(sized, "content-length") == values{"4"});
    CHECK(all(sized, "transfer-encoding").empty());
}

TEST_CASE_FIXTURE(framing_fixture, "HEAD and 304 may give the size of a body that isn't sent, if it is a number") {
    answer("/size", {{"content-length", "1234"}, {"content-length", "5"}}, 200, "");
    answer("/wrong", {{"content-length", "many"}}, 200, "");
    answer("/known", {{"content-length", "2"}});
    answer("/same", {{"content-length", "1234"}}, 304, "");
    CHECK(all(ask("/size", http::method::head), "content-length") == values{"1234"});
    CHECK(all(ask("/size"), "content-length") == values{"0"});
    CHECK(all(ask("/wrong", http::method::head), "content-length").empty());
    CHECK(all(ask("/known", http::method::head), "content-length") == values{"4"});
    CHECK(all(ask("/same"), "content-length") == values{"1234"});
}

TEST_CASE_FIXTURE(framing_fixture, "a date set by a handler replaces the server's") {
    const std::string own = "Sun, 06 Nov 1994 08:49:37 GMT";
    answer("/old", {{"Date", own}, {"date", "later"}});
    answer("/gone", {{"date", own}}, 410);
    answer("/now", {{"cache-control", "no-store"}});
    CHECK(all(ask("/old"), "date") == values{own});
    CHECK(all(ask("/gone"), "date") == values{own});
    CHECK(all(ask("/now"), "date") == values{"Thu, 01 Jan 2026 00:00:00 GMT"});
    CHECK(ask("/old").body == "text");
}

TEST_CASE_FIXTURE(framing_fixture, "a handler that sets Connection: close ends the connection after its response") {
    answer("/", {});
    answer("/close", {{"connection", "close"}});
    answer("/list", {{"Connection", "x-hop, Close"}, {"connection", "y-hop"}});
    answer("/keep", {{"connection", "keep-alive"}});
    answer("/hop", {{"connection", "x-hop"}});
    CHECK(all(ask("/close"), "connection") == values{"close"});
    CHECK(all(ask("/list"), "connection") == values{"close, x-hop, y-hop"});
    CHECK(ask("/list").closes);
    CHECK(all(ask("/keep"), "connection").empty());
    CHECK(all(ask("/hop"), "connection") == values{"x-hop"});
    CHECK(all(ask("/keep", http::method::get, "0"), "connection") == values{"close"});

    test_support::stubborn_wire wire(app, time);
    wire.generous = true;
    wire.send(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /close HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(wire.closed);
    CHECK(wire.eaten.find("connection: close") != std::string::npos);
    CHECK(wire.eaten.find("HTTP/1.1", wire.eaten.find("connection: close")) == std::string::npos);
}

TEST_CASE_FIXTURE(framing_fixture, "a coroutine handler that sets Connection: close ends the connection as well") {
    app.get("/later", []() -> task<response> {
        response res;
        res.headers.add("connection", "close");
        co_return res;
    });
    const auto res = ask("/later");
    CHECK(all(res, "connection") == values{"close"});
    CHECK(res.closes);
}
