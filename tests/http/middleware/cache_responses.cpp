// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/middleware/cache_responses.hpp>
#include <weir/http/middleware/compress.hpp>
#include <weir/http/middleware/etag.hpp>
#include <weir/http/router.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using http::response_cache_options;

namespace {

// A route whose handler counts its runs and answers as the test says.
struct response_cache_fixture {
    manual_clock time;
    response_cache_options options{.ttl = 30s, .time = &time};
    int handled = 0;
    int status = 200;
    std::vector<std::pair<std::string, std::string>> fields{};
    std::string body = "run ";
    bool slow = false;
    error failure{};

    response answer() {
        response res(status);
        if (failure) {
            into_response(result<void>(failure), res);
            return res;
        }
        for (const auto& [name, value] : fields) res.headers.add(name, value);
        res.body = body + std::to_string(handled);
        return res;
    }

    void mount(router& made, middleware layer) {
        auto shown = made.with(std::move(layer));
        shown.get("/rooms", [this](const request&) -> task<response> {
            ++handled;
            if (slow) (void)co_await sleep_for(1s);
            co_return answer();
        });
        shown.get("/language", [this](const request& req) {
            ++handled;
            response res = answer();
            res.body += std::string(req.header("accept-language"));
            return res;
        });
        shown.post("/rooms", [this](const request&) { return response(status); });
    }
};

struct cached_app : response_cache_fixture {
    router routes;
    test_client client{mounted(), {.clock = &time}};

    const router& mounted() {
        mount(routes, cache_responses(options));
        return routes;
    }
    std::string get_body(std::string_view target = "/rooms") { return client.get(target).body; }
};

} // namespace

TEST_CASE_FIXTURE(cached_app, "a response is stored and answered with its age") {
    const auto first = client.get("/rooms");
    CHECK(first.body == "run 1");
    CHECK(first.header("cache-status") == "weir; fwd=uri-miss; stored");
    CHECK(first.header("age").empty());
    time.advance(12s);
    const auto second = client.get("/rooms");
    CHECK(second.body == "run 1");
    CHECK(second.header("age") == "12");
    CHECK(second.header("cache-status") == "weir; hit; ttl=18");
    CHECK(second.header("date") == first.header("date"));
    time.advance(18s);
    CHECK(get_body() == "run 2");
}

TEST_CASE_FIXTURE(cached_app, "targets and hosts have responses of their own") {
    CHECK(get_body("/rooms?page=1") == "run 1");
    CHECK(get_body("/rooms?page=2") == "run 2");
    CHECK(get_body("/rooms?page=1") == "run 1");
    client.write("GET /rooms?page=1 HTTP/1.1\r\nHost: other.example\r\n\r\n");
    CHECK(client.receive().body == "run 3");
}

TEST_CASE_FIXTURE(cached_app, "a response that isn't for all is never stored") {
    SUBCASE("private") { fields = {{"cache-control", "max-age=60, private"}}; }
    SUBCASE("private fields") { fields = {{"cache-control", "private=\"x-user\", max-age=60"}}; }
    SUBCASE("no-store") { fields = {{"cache-control", "no-store"}}; }
    SUBCASE("no-cache") { fields = {{"cache-control", "no-cache"}}; }
    SUBCASE("a second field") { fields = {{"cache-control", "public"}, {"cache-control", "NO-STORE"}}; }
    SUBCASE("a cookie") { fields = {{"set-cookie", "id=1"}, {"cache-control", "public, max-age=60"}}; }
    SUBCASE("vary on everything") { fields = {{"vary", "accept, *"}}; }
    SUBCASE("partial") { status = 206; }
    SUBCASE("not modified") { status = 304; }
    SUBCASE("an error of the client") { status = 400; }
    SUBCASE("too large") { body = std::string(2 * 1024 * 1024, 'x'); }
    SUBCASE("already old") { fields = {{"cache-control", "max-age=60"}, {"age", "60"}}; }
    SUBCASE("expired") { fields = {{"expires", "0"}}; }
    SUBCASE("a time that isn't a number") { fields = {{"cache-control", "max-age=soon"}}; }
    for (int i = 0; i < 3; ++i) (void)client.get("/rooms");
    CHECK(handled == 3);
}

TEST_CASE_FIXTURE(cached_app, "a response's own time counts instead of the default one") {
    duration lives = 5s;
    SUBCASE("max-age") { fields = {{"cache-control", "max-age=5"}}; }
    SUBCASE("s-maxage") { fields = {{"cache-control", "max-age=100, s-maxage=5"}}; }
    SUBCASE("the shortest") { fields = {{"cache-control", "max-age=100"}, {"cache-control", "max-age=\"5\""}}; }
    SUBCASE("expires") {
        fields = {{"date", "Thu, 01 Jan 2026 00:00:00 GMT"}, {"expires", "Thu, 01 Jan 2026 00:00:05 GMT"}};
    }
    SUBCASE("minus its age") { fields = {{"cache-control", "max-age=65"}, {"age", "60"}}; }
    SUBCASE("for years") {
        fields = {{"cache-control", "max-age=99999999999999999999"}};
        lives = 24h * 365;
    }
    CHECK(get_body() == "run 1");
    time.advance(lives - 1ns);
    CHECK(get_body() == "run 1");
    if (lives > 1h) return;
    time.advance(1ns);
    CHECK(get_body() == "run 2");
}

TEST_CASE_FIXTURE(response_cache_fixture, "without a default time only responses that give one are stored") {
    options.ttl = {};
    router routes;
    mount(routes, cache_responses(options));
    test_client client(routes, {.clock = &time});
    for (int i = 0; i < 2; ++i) (void)client.get("/rooms");
    CHECK(handled == 2);
    fields = {{"cache-control", "max-age=5"}};
    for (int i = 0; i < 2; ++i) (void)client.get("/rooms");
    CHECK(handled == 3);
}

TEST_CASE_FIXTURE(cached_app, "only some statuses are stored, others with an explicit time") {
    for (const int stored : {200, 203, 204, 300, 301, 308, 404, 410}) {
        status = stored;
        const std::string target = "/rooms?" + std::to_string(stored);
        const int before = handled;
        (void)client.get(target);
        CHECK(client.get(target).status == stored);
        CHECK(handled == before + 1);
    }
    status = 302;
    for (int i = 0; i < 2; ++i) (void)client.get("/rooms?302");
    CHECK(handled == 10);
    fields = {{"cache-control", "max-age=5"}};
    for (int i = 0; i < 2; ++i) (void)client.get("/rooms?302");
    CHECK(handled == 11);
}

TEST_CASE_FIXTURE(cached_app, "a request with credentials is neither answered from nor stored for others") {
    SUBCASE("authorization") { client.header("authorization", "Bearer a"); }
    SUBCASE("a cookie") { client.header("cookie", "id=1"); }
    CHECK(get_body() == "run 1");
    CHECK(get_body() == "run 2");
    client.header("authorization", "").header("cookie", "");
    CHECK(get_body() == "run 3");
    client.header("authorization", "Bearer b");
    CHECK(client.get("/rooms").header("cache-status") == "weir; fwd=bypass");
    CHECK(handled == 4);
}

TEST_CASE_FIXTURE(cached_app, "a response that is explicitly shared serves requests with credentials too") {
    SUBCASE("public") { fields = {{"cache-control", "public, max-age=9"}}; }
    SUBCASE("s-maxage") { fields = {{"cache-control", "s-maxage=9"}}; }
    SUBCASE("must-revalidate") { fields = {{"cache-control", "max-age=9, must-revalidate"}}; }
    client.header("authorization", "Bearer a");
    CHECK(client.get("/rooms").header("cache-status") == "weir; fwd=bypass; stored");
    client.header("authorization", "Bearer b");
    CHECK(get_body() == "run 1");
    client.header("authorization", "");
    CHECK(get_body() == "run 1");
}

TEST_CASE_FIXTURE(cached_app, "each combination of the fields in Vary has its response") {
    fields = {{"vary", "Accept-Language"}};
    client.header("accept-language", "de");
    CHECK(get_body("/language") == "run 1de");
    CHECK(get_body("/language") == "run 1de");
    client.header("accept-language", "fr");
    CHECK(get_body("/language") == "run 2fr");
    client.header("accept-language", "de");
    CHECK(get_body("/language") == "run 1de");
    fields = {{"vary", "accept-language, x-theme"}}; // from now on
    client.header("accept-language", "it").header("x-theme", "dark");
    CHECK(get_body("/language") == "run 3it");
    client.header("x-theme", "light");
    CHECK(get_body("/language") == "run 4it");
    client.header("x-theme", "dark");
    CHECK(get_body("/language") == "run 3it");
}

TEST_CASE_FIXTURE(response_cache_fixture, "the fields that the layer lists are part of the key and of Vary") {
    options.vary = {"Accept-Language"};
    router routes;
    mount(routes, cache_responses(options));
    test_client client(routes, {.clock = &time});
    client.header("accept-language", "de");
    CHECK(client.get("/language").header("vary") == "accept-language");
    client.header("accept-language", "fr");
    CHECK(client.get("/language").body == "run 2fr");
    client.header("accept-language", "");
    CHECK(client.get("/language").body == "run 3");
    client.header("accept-language", "de");
    const auto hit = client.get("/language");
    CHECK(hit.body == "run 1de");
    CHECK(hit.header("vary") == "accept-language");
}

TEST_CASE_FIXTURE(response_cache_fixture, "conditions are evaluated against the stored response") {
    router made;
    auto routes = made.with(cache_responses(options)).with(http::etag());
    routes.get("/rooms", [this] { return answer(); });
    test_client client(made, {.clock = &time});
    const std::string tag = client.get("/rooms").header("etag");
    REQUIRE(!tag.empty());
    ++handled; // what the handler would answer now
    client.header("if-none-match", tag);
    const auto same = client.get("/rooms");
    CHECK(same.status == 304);
    CHECK(same.body.empty());
    CHECK(same.header("etag") == tag);
    CHECK(same.header("age") == "0");
    client.header("if-none-match", "\"other\"");
    CHECK(client.get("/rooms").body == "run 0");
    client.header("if-none-match", "").header("if-match", "\"other\"");
    CHECK(client.get("/rooms").status == 412);
}

TEST_CASE_FIXTURE(cached_app, "HEAD is answered from a stored GET, and isn't stored itself") {
    CHECK(client.send(http::method::head, "/rooms").header("cache-status") == "weir; fwd=method");
    CHECK(get_body() == "run 2");
    const auto head = client.send(http::method::head, "/rooms");
    CHECK(head.header("cache-status") == "weir; hit; ttl=30");
    CHECK(head.header("content-length") == "5");
    CHECK(head.body.empty());
    CHECK(handled == 2);
}

TEST_CASE_FIXTURE(cached_app, "a successful change removes the target's responses, a failed one doesn't") {
    client.header("accept-language", "de");
    (void)client.get("/rooms");
    status = 409;
    CHECK(client.post("/rooms", "{}").status == 409);
    status = 200;
    CHECK(get_body() == "run 1");
    CHECK(client.post("/rooms", "{}").header("cache-status") == "weir; fwd=method");
    CHECK(get_body() == "run 2");
}

TEST_CASE_FIXTURE(cached_app, "requests decide with no-store, only-if-cached and Range") {
    client.header("cache-control", "only-if-cached");
    CHECK(client.get("/rooms").status == 504);
    client.header("cache-control", "no-store");
    CHECK(get_body() == "run 1");
    client.header("cache-control", "no-cache"); // advisory, so a client can't make the handler run
    CHECK(get_body() == "run 2");
    CHECK(get_body() == "run 2");
    client.header("cache-control", "").header("range", "bytes=0-1");
    CHECK(get_body() == "run 3");
    client.header("range", "").header("cache-control", "only-if-cached");
    CHECK(get_body() == "run 2");
}

namespace {

// Clients on loops of their own whose requests are in progress together.
struct concurrent_clients {
    concurrent_clients(const router& routes, manual_clock& clock, std::size_t many) : time(clock) {
        for (std::size_t i = 0; i < many; ++i) all.emplace_back(routes, testing::test_client_options{.clock = &time});
    }
    void ask(std::string_view extra = "") {
        for (auto& one : all) one.write("GET /rooms HTTP/1.1\r\nHost: a\r\n" + std::string(extra) + "\r\n");
        poll();
    }
    void advance(duration by) {
        time.advance(by);
        poll();
    }
    void poll() {
        for (int turn = 0; turn < 5; ++turn)
            for (auto& one : all) one.poll();
    }

    manual_clock& time;
    std::deque<test_client> all{};
};

} // namespace

TEST_CASE_FIXTURE(response_cache_fixture, "concurrent misses run the handler once") {
    slow = true;
    router routes;
    mount(routes, cache_responses(options));
    concurrent_clients clients(routes, time, 20);
    clients.ask();
    clients.advance(1s);
    CHECK(handled == 1);
    int collapsed = 0;
    for (auto& one : clients.all) {
        const auto res = one.receive();
        CHECK(res.body == "run 1");
        collapsed += res.header("cache-status") == "weir; fwd=uri-miss; stored; collapsed";
    }
    CHECK(collapsed == 19);
}

TEST_CASE_FIXTURE(response_cache_fixture, "concurrent misses with a failing handler run it once and get its error") {
    slow = true;
    failure = error(errc::unavailable, "the database is away");
    router routes;
    mount(routes, cache_responses(options));
    concurrent_clients clients(routes, time, 20);
    clients.ask();
    clients.advance(1s);
    CHECK(handled == 1);
    for (auto& one : clients.all) {
        const auto res = one.receive();
        CHECK(res.status == 503);
        CHECK(res.body.find("the database is away") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(response_cache_fixture, "a waiting request never gets a response that turns out to be private") {
    slow = true;
    fields = {{"cache-control", "private"}};
    router routes;
    mount(routes, cache_responses(options));
    concurrent_clients clients(routes, time, 3);
    clients.ask();
    clients.advance(1s);
    clients.advance(1s);
    CHECK(handled == 3);
    for (auto& one : clients.all) CHECK(one.receive().status == 200);
}

TEST_CASE_FIXTURE(response_cache_fixture, "a waiting request learns the fields that the response depends on") {
    slow = true;
    fields = {{"vary", "accept-language"}};
    router routes;
    mount(routes, cache_responses(options));
    concurrent_clients clients(routes, time, 3);
    clients.ask("Accept-Language: de\r\n");
    clients.advance(1s);
    CHECK(handled == 1);
    for (auto& one : clients.all) CHECK(one.receive().body == "run 1");
}

TEST_CASE_FIXTURE(response_cache_fixture, "a change during a run of the handler keeps its response out of the cache") {
    slow = true;
    router routes;
    mount(routes, cache_responses(options));
    concurrent_clients clients(routes, time, 1);
    clients.ask();
    test_client other(routes, {.clock = &time});
    CHECK(other.post("/rooms", "{}").status == 200);
    clients.advance(1s);
    CHECK(clients.all[0].receive().body == "run 1");
    slow = false;
    clients.ask();
    CHECK(clients.all[0].receive().body == "run 2");
}

TEST_CASE_FIXTURE(response_cache_fixture, "a stale response is served and marked while the handler fails") {
    options.stale_if_error = 60s;
    router routes;
    mount(routes, cache_responses(options));
    test_client client(routes, {.clock = &time});
    (void)client.get("/rooms");
    time.advance(40s);
    failure = errc::unavailable;
    const auto stale = client.get("/rooms");
    CHECK(stale.status == 200);
    CHECK(stale.body == "run 1");
    CHECK(stale.header("age") == "40");
    CHECK(stale.header("cache-status") == "weir; hit; ttl=-10; detail=stale_if_error");
    time.advance(50s);
    CHECK(client.get("/rooms").status == 503);
}

TEST_CASE_FIXTURE(response_cache_fixture, "a response decides itself whether it may be served stale") {
    options.stale_if_error = 60s;
    int expected = 503;
    SUBCASE("must-revalidate") { fields = {{"cache-control", "max-age=30, must-revalidate, stale-if-error=60"}}; }
    SUBCASE("s-maxage") { fields = {{"cache-control", "s-maxage=30"}}; }
    SUBCASE("its own time") { fields = {{"cache-control", "max-age=30, stale-if-error=5"}}; }
    SUBCASE("a longer time of its own") {
        fields = {{"cache-control", "max-age=30, stale-if-error=3600"}};
        expected = 200;
    }
    router routes;
    mount(routes, cache_responses(options));
    test_client client(routes, {.clock = &time});
    (void)client.get("/rooms");
    time.advance(40s);
    failure = errc::unavailable;
    CHECK(client.get("/rooms").status == expected);
}

TEST_CASE_FIXTURE(response_cache_fixture, "while one request makes a new response, others get the stale one") {
    options.stale_while_revalidate = 60s;
    router routes;
    mount(routes, cache_responses(options));
    test_client earlier(routes, {.clock = &time});
    earlier.write("GET /rooms HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(earlier.receive().body == "run 1");
    time.advance(40s);
    slow = true;
    concurrent_clients clients(routes, time, 3);
    clients.ask();
    CHECK(clients.all[1].receive().header("cache-status") == "weir; hit; ttl=-10");
    CHECK(clients.all[2].receive().body == "run 1");
    clients.advance(1s);
    CHECK(clients.all[0].receive().body == "run 2");
    CHECK(handled == 2);
}

TEST_CASE_FIXTURE(response_cache_fixture, "encoded variants are stored beside each other") {
    body = std::string(5000, 'x');
    fields = {{"content-type", "text/plain"}};
    router made;
    auto inside = made.with(cache_responses(options)).with(http::compress());
    inside.get("/rooms", [this](const request&) {
        ++handled;
        return answer();
    });
    test_client client(made, {.clock = &time});
    CHECK(client.get("/rooms").header("content-encoding").empty());
    client.header("accept-encoding", "gzip");
    const auto first = client.get("/rooms");
    const auto second = client.get("/rooms");
    CHECK(first.header("content-encoding") == "gzip");
    CHECK(second.body == first.body);
    CHECK(handled == 2);
    client.header("accept-encoding", "");
    CHECK(client.get("/rooms").body.size() == 5001);
    CHECK(handled == 2);
}

TEST_CASE_FIXTURE(response_cache_fixture, "a cache can be emptied, limited and measured") {
    options.bytes = 100'000;
    response_cache shown(options);
    router routes;
    mount(routes, cache_responses(shown));
    test_client client(routes, {.clock = &time});
    metrics exported;
    measure(exported, shown, "rooms");
    (void)client.get("/rooms");
    shown.erase("/rooms");
    CHECK(client.get("/rooms").body == "run 2");
    shown.clear();
    CHECK(client.get("/rooms").body == "run 3");
    CHECK(exported.text().find("cache_loads_total{name=\"rooms\"} 3\n") != std::string::npos);
    body = std::string(10'000, 'x');
    for (int i = 0; i < 100; ++i) {
        (void)client.get("/rooms?" + std::to_string(i));
        REQUIRE(shown.stats().bytes <= 100'000);
    }
    CHECK(shown.stats().evicted > 80);
}

TEST_CASE("options of a response cache that are out of range are refused with their names") {
    CHECK_THROWS_WITH_AS(
        cache_responses({.ttl = -1s}), "response_cache_options::ttl = -1000000000 ns: accepted 0 ns to duration::max()",
        std::invalid_argument);
    CHECK_THROWS_AS(cache_responses({.vary = {"*"}}), std::invalid_argument);
    CHECK_THROWS_AS(cache_responses({.stale_while_revalidate = -1s}), std::invalid_argument);
    CHECK_THROWS_AS(cache_responses({.stale_if_error = -1s}), std::invalid_argument);
    CHECK_THROWS_AS(cache_responses({.max_wait = 0s}), std::invalid_argument);
    CHECK_THROWS_AS(cache_responses({.name = "my cache"}), std::invalid_argument);
    CHECK_THROWS_AS(cache_responses({.time = nullptr}), std::invalid_argument);
}
