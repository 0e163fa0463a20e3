// SPDX-License-Identifier: MIT
// Where a client goes when it is redirected, and what it sends along.
#include "http/client/redirect.hpp"
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"

#include <mutex>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using test_support::peer;
using test_support::scripted_server;

namespace {

std::string path_of(const std::string& asked) {
    const auto from = asked.find(' ') + 1;
    return asked.substr(from, asked.find(' ', from) - from);
}

// Redirects /STATUS?PLACE to that place, answers any other request by echoing it.
void redirecting(peer& link) {
    while (true) {
        const auto asked = link.request();
        const auto path = path_of(asked);
        const auto query = path.find('?');
        if (query == std::string::npos)
            link.answer(asked);
        else
            link.send("HTTP/1.1 " + path.substr(1, query - 1) + " Moved\r\nLocation: " + path.substr(query + 1) +
                      "\r\nContent-Length: 4\r\n\r\ngone");
    }
}

struct redirect_fixture {
    scripted_server first{redirecting};
    scripted_server second{redirecting};
    loop home;
    client outgoing{home, following(3)};

    static client_options following(int most) {
        client_options options;
        options.max_redirects = most;
        return options;
    }

    result<client_response> send(std::string method, const std::string& path) {
        client_request request(std::move(method), first.url(path));
        request.headers.add("Authorization", "Bearer secret");
        request.headers.add("Cookie", "session=secret");
        request.headers.add("Content-Type", "text/plain");
        request.headers.add("X-Own", "kept");
        request.body = "body";
        return home.block_on(outgoing.send(std::move(request)));
    }
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

client_url at(std::string_view text) { return parse_client_url(text).value(); }

} // namespace

TEST_CASE_FIXTURE(redirect_fixture,
                  "a redirect is followed on the kept connection, and the response has the final URL") {
    const auto answer = send("GET", "/302?/shop/list");
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(has(answer->body, "GET /shop/list HTTP/1.1\r\n"));
    CHECK(answer->url == first.url("/shop/list"));
    CHECK(first.connections() == 1);
    CHECK(outgoing.stats().redirects == 1);
}

TEST_CASE_FIXTURE(redirect_fixture,
                  "303 turns any method into GET, 301 and 302 a POST, and 307 and 308 repeat the request unchanged") {
    struct rule {
        const char* method;
        const char* status;
        const char* becomes;
        bool body;
    };
    for (const rule& one :
         {rule{"POST", "301", "GET", false}, rule{"POST", "302", "GET", false}, rule{"POST", "303", "GET", false},
          rule{"PUT", "303", "GET", false}, rule{"PUT", "301", "PUT", true}, rule{"DELETE", "302", "DELETE", true},
          rule{"POST", "307", "POST", true}, rule{"POST", "308", "POST", true}}) {
        CAPTURE(one.method);
        CAPTURE(one.status);
        const auto answer = send(one.method, "/" + std::string(one.status) + "?/there");
        REQUIRE(answer);
        CHECK(answer->body.starts_with(std::string(one.becomes) + " /there "));
        CHECK(answer->body.ends_with("\r\n\r\nbody") == one.body);
        CHECK(has(answer->body, "Content-Type") == one.body);
        CHECK(has(answer->body, "X-Own: kept"));
        CHECK(has(answer->body, "Bearer secret"));
    }
}

TEST_CASE_FIXTURE(redirect_fixture, "another origin receives no credentials, not even after a redirect back") {
    const auto there = send("GET", "/307?" + second.url("/there"));
    REQUIRE(there);
    CHECK(there->url == second.url("/there"));
    CHECK(!has(there->body, "secret"));
    CHECK(has(there->body, "X-Own: kept"));
    const auto back = send("GET", "/307?" + second.url("/307?" + first.url("/back")));
    REQUIRE(back);
    CHECK(back->url == first.url("/back"));
    CHECK(!has(back->body, "secret"));
}

TEST_CASE_FIXTURE(redirect_fixture, "a redirect that never ends, leads nowhere or is malformed is unavailable") {
    scripted_server loops([](peer& link) {
        while (true) {
            link.request();
            link.send("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
        }
    });
    const auto endless = home.block_on(outgoing.get(loops.url("/")));
    CHECK(endless.error() == errc::unavailable);
    CHECK(endless.error().message() ==
          "127.0.0.1:" + std::to_string(loops.port()) + " exceeds the limit of 3 redirects");
    CHECK(outgoing.stats().redirects == 3);
    for (const char* place : {"ftp://h/", "http://", "http://user:secret@h/", "http://h:99999/"}) {
        CAPTURE(place);
        const auto failed = send("GET", "/302?" + std::string(place));
        CHECK(failed.error() == errc::unavailable);
        CHECK(has(failed.error().message(), "redirects to an address that isn't an http or https URL"));
        CHECK(!has(failed.error().message(), "secret"));
    }
}

TEST_CASE_FIXTURE(redirect_fixture, "only some 3xx are followed, and a request may set the limit") {
    scripted_server odd([](peer& link) {
        link.request();
        link.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
        link.request();
        link.send("HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n\r\n");
    });
    CHECK(home.block_on(outgoing.get(odd.url("/")))->status == 302);
    CHECK(home.block_on(outgoing.get(odd.url("/")))->status == 304);
    client_request request("GET", first.url("/302?/there"));
    request.max_redirects = 0;
    CHECK(home.block_on(outgoing.send(request))->status == 302);
}

TEST_CASE("a redirect from https to http is never followed") {
    client_request request("GET", "https://pay.example/");
    client_url url = at("https://pay.example/");
    client_response response;
    response.status = 302;
    response.headers.add("Location", "http://pay.example/");
    const auto refused = follow_redirect(request, url, response);
    CHECK(refused.error() == errc::unavailable);
    CHECK(refused.error().message() == "pay.example redirects from https to http, which isn't followed");
    response.headers.set("Location", "//pay.example:8443/x");
    CHECK(follow_redirect(request, url, response));
    CHECK(url.whole() == "https://pay.example:8443/x");
}

TEST_CASE("references are resolved as in RFC 3986, 5.4") {
    const client_url base = at("http://a/b/c/d;p?q");
    const std::pair<const char*, const char*> cases[] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g#s"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://h/x", "https://h/x"},
        {"mailto:a", "mailto:a"}};
    for (const auto& one : cases) {
        CAPTURE(one.first);
        CHECK(resolve_reference(base, one.first) == one.second);
    }
    CHECK(resolve_reference(at("https://[::1]:8443/x"), "/y") == "https://[::1]:8443/y");
}

TEST_CASE("unescaped characters in a Location are escaped, and escaped ones are kept") {
    const std::pair<std::string, std::string> places[] = {
        {"/caf\xC3\xA9 au lait", "/caf%C3%A9%20au%20lait"},
        {"list?q=\"a\"\tb&r=%20%C3", "/list?q=%22a%22%09b&r=%20%C3"},
        {"/a\\b<c>", "/a%5Cb%3Cc%3E"},
        {"/latin\xE9", "/latin%E9"},
    };
    loop home;
    client outgoing(home, redirect_fixture::following(1));
    for (const auto& one : places) {
        const auto& place = one.first;
        const auto& path = one.second;
        CAPTURE(place);
        scripted_server server([&](peer& link) {
            link.request();
            link.send("HTTP/1.1 302 Found\r\nLocation: " + place + "\r\nContent-Length: 0\r\n\r\n");
            link.answer(path_of(link.request()));
        });
        const auto answer = home.block_on(outgoing.get(server.url("/")));
        REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
        CHECK(answer->body == path);
        CHECK(answer->url == server.url(path));
    }
    scripted_server elsewhere([](peer& link) {
        link.request();
        link.send("HTTP/1.1 302 Found\r\nLocation: http://b\xC3\xBC.example/\r\nContent-Length: 0\r\n\r\n");
    });
    CHECK(home.block_on(outgoing.get(elsewhere.url("/"))).error() == errc::unavailable);
}
