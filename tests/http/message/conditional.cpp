// SPDX-License-Identifier: MIT
#include "http/field/entity_tag.hpp"
#include <weir/http/conditional.hpp>
#include <weir/http/middleware/compress.hpp>
#include <weir/http/middleware/etag.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

using namespace weir;
using http::method;
using http::precondition;
using http::validators;

namespace {

constexpr std::chrono::sys_seconds modified{std::chrono::seconds(784111777)};
constexpr const char* same_date = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* later = "Sun, 06 Nov 1994 08:49:38 GMT";

using fields = std::vector<std::pair<std::string, std::string>>;

// A request with these fields, as a handler sees it.
template<class F>
void with_request(const char* verb, const fields& sent, F look) {
    router app;
    for (const auto one : {method::get, method::put})
        app.add(one, "/", http::detail::adapt([&](request& req) {
                    look(req);
                    return "";
                }));
    test_client client(app);
    std::string head = std::string(verb) + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n";
    for (const auto& [name, value] : sent) head.append(name).append(": ").append(value).append("\r\n");
    client.write(head + "\r\n");
    CHECK(client.receive(std::string_view(verb) == "HEAD").status == 200);
}

precondition outcome(const char* verb, const fields& sent,
                     const validators& current = {.etag = "\"a\"", .last_modified = modified}) {
    auto verdict = precondition::proceed;
    with_request(verb, sent, [&](const request& req) { verdict = evaluate(req, current); });
    return verdict;
}

bool ranged(const char* if_range, const validators& current, std::chrono::seconds age = std::chrono::seconds(60)) {
    bool applies = false;
    with_request("GET", {{"If-Range", if_range}}, [&](const request& req) {
        applies = range_applies(req, current, modified + age);
    });
    return applies;
}

struct etag_fixture {
    router app;
    test_client client{app};
    std::string text = "hello";

    etag_fixture() {
        app.use(etag());
        app.get("/", [this] { return text; });
        app.get("/empty", [] { return ""; });
        app.get("/missing", []() -> result<std::string> { return errc::not_found; });
        app.post("/", [] { return "posted"; });
        serve("/own", {{"etag", "W/\"v7\""}, {"cache-control", "max-age=60"}, {"content-language", "en"}});
        serve("/dated", {{"last-modified", same_date}});
        serve("/secret", {{"cache-control", "private, no-store"}});
        app.put("/", [](request& req) { return http::require_unchanged(req, "\"v7\""); });
    }

    void serve(const char* path, std::vector<std::pair<const char*, const char*>> sent) {
        app.add(method::get, path, http::detail::adapt([sent] {
                    response res;
                    res.body = "body";
                    for (const auto& [name, value] : sent) res.headers.add(name, value);
                    return res;
                }));
    }
};

} // namespace

TEST_CASE("tags are compared strongly or weakly (RFC 9110 section 8.8.3.2)") {
    using namespace http::detail;
    const entity_tag strong{"1", false};
    const entity_tag weak{"1", true};
    CHECK(strong_match(strong, strong));
    CHECK(!strong_match(weak, weak));
    CHECK(!strong_match(weak, strong));
    CHECK(weak_match(weak, strong));
    CHECK(!weak_match(weak, {"2", true}));
}

TEST_CASE("lists of tags are read up to the first malformed one") {
    using namespace http::detail;
    const auto lists = [](std::string_view list) { return lists_tag(list, {"a", false}, tag_comparison::weak); };
    CHECK(lists("\"a\""));
    CHECK(lists(" , \"b\",W/\"a\" ,"));
    CHECK(lists("\"x,y\", \"a\""));
    CHECK(lists("\"\\\", \"a\"")); // a backslash escapes nothing
    CHECK(lists_tag("\"\"", {"", false}, tag_comparison::strong));
    for (const char* bad :
         {"", "a", "\"a", "w/\"a\"", "W/ \"a\"", "\"b\" \"a\"", "\"a\"x", "b, \"a\"", "\"a \"", "*"}) {
        CAPTURE(bad);
        CHECK(!lists(bad));
    }
}

TEST_CASE("If-Match requires the exact state, If-None-Match any other") {
    CHECK(outcome("PUT", {{"If-Match", "\"b\", \"a\""}}) == precondition::proceed);
    CHECK(outcome("PUT", {{"If-Match", "\"b\""}}) == precondition::failed);
    CHECK(outcome("PUT", {{"If-Match", "W/\"a\""}}) == precondition::failed);
    CHECK(outcome("PUT", {{"If-Match", "\"b\""}, {"If-Match", "\"a\""}}) == precondition::proceed);
    CHECK(outcome("PUT", {{"If-Match", "*"}}) == precondition::proceed);
    CHECK(outcome("PUT", {{"If-Match", "*"}}, {.exists = false}) == precondition::failed);
    CHECK(outcome("GET", {{"If-None-Match", "\"b\", W/\"a\""}}) == precondition::not_modified);
    CHECK(outcome("HEAD", {{"If-None-Match", "*"}}) == precondition::not_modified);
    CHECK(outcome("GET", {{"If-None-Match", "\"b\""}}) == precondition::proceed);
    CHECK(outcome("PUT", {{"If-None-Match", "*"}}) == precondition::failed);
    CHECK(outcome("PUT", {{"If-None-Match", "*"}}, {.exists = false}) == precondition::proceed);
}

TEST_CASE("dates count only without tags, and only if they are valid") {
    CHECK(outcome("GET", {{"If-Modified-Since", same_date}}) == precondition::not_modified);
    CHECK(outcome("GET", {{"If-Modified-Since", later}}) == precondition::not_modified);
    CHECK(outcome("GET", {{"If-Modified-Since", earlier}}) == precondition::proceed);
    CHECK(outcome("GET", {{"If-Modified-Since", "yesterday"}}) == precondition::proceed);
    CHECK(outcome("PUT", {{"If-Modified-Since", same_date}}) == precondition::proceed);
    CHECK(outcome("GET", {{"If-Modified-Since", same_date}}, {.etag = "\"a\""}) == precondition::proceed);
    CHECK(outcome("PUT", {{"If-Unmodified-Since", same_date}}) == precondition::proceed);
    CHECK(outcome("PUT", {{"If-Unmodified-Since", earlier}}) == precondition::failed);
    CHECK(outcome("PUT", {{"If-Unmodified-Since", "0"}}) == precondition::proceed);
}

TEST_CASE("the order is that of RFC 9110 section 13.2.2") {
    CHECK(outcome("GET", {{"If-Match", "\"a\""}, {"If-Unmodified-Since", earlier}}) == precondition::proceed);
    CHECK(outcome("GET", {{"If-None-Match", "\"b\""}, {"If-Modified-Since", same_date}}) == precondition::proceed);
    CHECK(outcome("GET", {{"If-Match", "\"b\""}, {"If-None-Match", "\"a\""}}) == precondition::failed);
    CHECK(outcome("GET", {{"If-Match", "\"a\""}, {"If-None-Match", "\"a\""}}) == precondition::not_modified);
}

TEST_CASE("a range applies without If-Range, or with the exact state") {
    const validators current{.etag = "\"a\"", .last_modified = modified};
    with_request("GET", {}, [&](const request& req) { CHECK(range_applies(req, current, modified)); });
    CHECK(ranged("\"a\"", current));
    CHECK(!ranged("\"b\"", current));
    CHECK(!ranged("W/\"a\"", current));
    CHECK(!ranged("\"a\", \"b\"", current));
    CHECK(!ranged("W/\"a\"", {.etag = "W/\"a\""}));
    CHECK(ranged(same_date, current));
    CHECK(!ranged(same_date, current, std::chrono::seconds(0)));
    CHECK(!ranged(later, current));
    CHECK(!ranged(earlier, current));
    CHECK(!ranged("nonsense", current));
    CHECK(!ranged(same_date, {.etag = "\"a\""}));
}

TEST_CASE_FIXTURE(etag_fixture, "a response gets a tag of its body, and 304 if the client has it") {
    const auto first = client.get("/");
    const auto tag = first.header("etag");
    CHECK(tag.size() == 24);
    CHECK(first.body == "hello");
    client.header("if-none-match", tag);
    const auto known = client.get("/");
    CHECK(known.status == 304);
    CHECK(known.body.empty());
    CHECK(known.header("etag") == tag);
    CHECK(known.header("content-type").empty());
    CHECK(client.send(method::head, "/").status == 304);
    text = "changed";
    const auto changed = client.get("/");
    CHECK(changed.status == 200);
    CHECK(changed.header("etag") != tag);
    client.header("if-none-match", "").header("if-match", tag);
    const auto failed = client.get("/");
    CHECK(failed.status == 412);
    CHECK(failed.body.find("precondition_failed") != std::string::npos);
}

TEST_CASE_FIXTURE(etag_fixture, "a handler's own tag or date is used, and a 304 keeps the caching fields") {
    CHECK(client.get("/own").header("etag") == "W/\"v7\"");
    client.header("if-none-match", "\"v7\"");
    const auto known = client.get("/own");
    CHECK(known.status == 304);
    CHECK(known.header("cache-control") == "max-age=60");
    CHECK(known.header("content-language").empty());
    client.header("if-none-match", "").header("if-modified-since", same_date);
    const auto dated = client.get("/dated");
    CHECK(dated.status == 304);
    CHECK(dated.header("last-modified") == same_date);
    CHECK(dated.header("etag").empty());
}

TEST_CASE_FIXTURE(etag_fixture, "only cacheable responses take part") {
    CHECK(client.get("/secret").header("etag").empty());
    CHECK(client.get("/empty").header("etag").empty());
    CHECK(client.get("/missing").header("etag").empty());
    CHECK(client.post("/", "{}").header("etag").empty());
    client.header("if-none-match", "*");
    CHECK(client.get("/missing").status == 404);
    CHECK(client.get("/secret").status == 200);
}

TEST_CASE_FIXTURE(etag_fixture, "a handler refuses to overwrite a state that the client hasn't seen") {
    CHECK(client.send(method::put, "/").status == 204);
    CHECK(client.header("if-match", "\"v7\"").send(method::put, "/").status == 204);
    const auto lost = client.header("if-match", "\"v6\"").send(method::put, "/");
    CHECK(lost.status == 412);
    CHECK(lost.body.find("\"code\":\"precondition_failed\"") != std::string::npos);
}

TEST_CASE("inside compress all codings share a weak tag") {
    router app;
    app.use(compress()).use(etag());
    app.get("/", [] { return std::string(5000, 'x'); });
    test_client client(app);
    const auto plain = client.get("/");
    const auto gzip = client.header("accept-encoding", "gzip").get("/");
    CHECK(gzip.header("etag") == "W/" + plain.header("etag"));
    const auto known = client.header("if-none-match", gzip.header("etag")).get("/");
    CHECK(known.status == 304);
    CHECK(known.header("etag") == gzip.header("etag"));
    CHECK(client.header("accept-encoding", "").get("/").status == 304);
}
