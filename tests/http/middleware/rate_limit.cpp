// SPDX-License-Identifier: MIT
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/rate_limit.hpp>
#include <weir/http/middleware/trusted_proxies.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using http::rate_key;
using http::rate_limit_options;

namespace {

// A bearer token is the subject of its principal.
middleware signed_in_by_token() {
    return authenticate([](request& req) -> result<principal> {
        principal who;
        who.subject = req.bearer();
        if (who.subject.empty()) return errc::unauthenticated;
        return who;
    });
}

struct limited_service {
    manual_clock time;
    router app;
    int handled = 0;

    void add_routes() {
        app.get("/todos", [this] { return "todo " + std::to_string(++handled); });
        app.get("/users/{id}", [](path<"id", std::int64_t> id) { return std::to_string(*id); });
        app.get("/later", []() -> task<std::string> { co_return "later"; });
        app.get("/failing", []() -> result<std::string> { return errc::conflict; });
        app.post("/todos", [](request& req) { return std::string(req.body()); });
    }

    explicit limited_service(rate_limit_options options) {
        app.use(rate_limit(std::move(options)));
        add_routes();
    }
    explicit limited_service(middleware layer) {
        app.use(std::move(layer));
        add_routes();
    }

    testing::test_response ask(const std::string& from, const std::string& target = "/todos",
                               const std::string& fields = "") {
        test_client client(app, {.clock = &time, .remote_address = from});
        client.write("GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
        return client.receive();
    }
};

// A limit whose decision takes a turn of the loop.
struct shared_elsewhere final : keyed_rate_limiter {
    manual_clock time;
    keyed_bucket all{{.rate = 1, .burst = 3, .time = &time}};
    error failure{};

    task<result<rate_decision>> acquire(std::string_view key, std::size_t n) override {
        return decide(std::string(key), n);
    }
    task<result<rate_decision>> decide(std::string key, std::size_t n) {
        const auto slept = co_await sleep_for(0s);
        if (!slept || failure) co_return failure;
        co_return all.acquire(key, n);
    }
};

int refused_of(limited_service& service, const std::string& from, int requests, const std::string& target = "/todos",
               const std::string& fields = "") {
    int refused = 0;
    for (int i = 0; i < requests; ++i) refused += service.ask(from, target, fields).status == 429 ? 1 : 0;
    return refused;
}

std::string wrong_rate_limit(rate_limit_options options) {
    try {
        rate_limit(std::move(options));
    } catch (const std::invalid_argument& wrong) {
        return wrong.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("requests beyond the rate are refused with 429, and each response reports what remains") {
    limited_service service({.rate = 120, .per = 1min, .burst = 3});
    for (const char* said : {"\"default\";r=2;t=1", "\"default\";r=1;t=1", "\"default\";r=0;t=2"}) {
        const auto res = service.ask("192.0.2.1");
        CHECK(res.status == 200);
        CHECK(res.header("ratelimit-policy") == "\"default\";q=3;w=2");
        CHECK(res.header("ratelimit") == said);
        CHECK(res.header("retry-after").empty());
        CHECK(res.header("x-ratelimit-limit").empty());
    }
    const auto refused = service.ask("192.0.2.1");
    CHECK(refused.status == 429);
    CHECK(refused.body == R"({"code":"resource_exhausted","message":"too many requests","details":[]})");
    CHECK(refused.header("content-type") == "application/json");
    CHECK(refused.header("retry-after") == "1");
    CHECK(refused.header("ratelimit-policy") == "\"default\";q=3;w=2");
    CHECK(refused.header("ratelimit") == "\"default\";r=0;t=2");
    CHECK(service.handled == 3);
    service.time.advance(500ms);
    CHECK(service.ask("192.0.2.1").body == "todo 4");
    CHECK(service.ask("192.0.2.2").status == 429); // all count together
}

TEST_CASE("coroutine handlers, errors and unknown paths are limited alike") {
    limited_service service({.rate = 1, .burst = 4});
    CHECK(service.ask("192.0.2.1", "/later").header("ratelimit") == "\"default\";r=3;t=1");
    CHECK(service.ask("192.0.2.1", "/failing").header("ratelimit") == "\"default\";r=2;t=2");
    CHECK(service.ask("192.0.2.1", "/unknown").header("ratelimit") == "\"default\";r=1;t=3");
    CHECK(service.ask("192.0.2.1", "/later").status == 200);
    for (const char* target : {"/later", "/failing", "/unknown", "/todos"}) {
        const auto refused = service.ask("192.0.2.1", target);
        CHECK(refused.status == 429);
        CHECK(refused.header("ratelimit") == "\"default\";r=0;t=4");
    }
}

TEST_CASE("each address has its limit, an IPv6 client with its /64") {
    limited_service service({.rate = 1, .burst = 2, .key = by_address});
    CHECK(refused_of(service, "192.0.2.1", 3) == 1);
    CHECK(refused_of(service, "192.0.2.2", 3) == 1);
    CHECK(refused_of(service, "2001:db8:1:2::3", 2) == 0);
    CHECK(refused_of(service, "2001:db8:1:2:ffff:ffff:ffff:ffff", 1) == 1);
    CHECK(refused_of(service, "2001:db8:1:3::3", 1) == 0);
    CHECK(refused_of(service, "::ffff:192.0.2.1", 1) == 1);
    CHECK(refused_of(service, "fe80::1%eth0", 3) == 1);
}

TEST_CASE("behind trusted proxies the address is the client's") {
    limited_service service(trusted_proxies({.proxies = {"10.0.0.0/8"}}));
    service.app.with(rate_limit({.rate = 1, .burst = 2, .key = by_address})).get("/behind", [] { return "fine"; });
    auto via = [&](const std::string& peer, const std::string& client) {
        return refused_of(service, peer, 3, "/behind", "X-Forwarded-For: " + client + "\r\n");
    };
    CHECK(via("10.0.0.1", "192.0.2.1") == 1);
    CHECK(via("10.0.0.2", "192.0.2.1") == 3);
    CHECK(via("10.0.0.1", "192.0.2.2") == 1);
    CHECK(via("192.0.2.9", "192.0.2.2, 192.0.2.3") == 1); // not trusted: it counts as itself
    CHECK(via("192.0.2.9", "192.0.2.4") == 3);
    CHECK(via("10.0.0.1", "nonsense") == 1); // all requests without a known address
    CHECK(via("10.0.0.2", "unknown") == 3);
}

TEST_CASE("each subject has its limit, and requests without one count by address") {
    limited_service service(middleware([](request& req) -> result<void> {
        principal who;
        who.subject = req.bearer();
        if (!who.subject.empty()) req.attach(std::move(who));
        return ok();
    }));
    service.app.with(rate_limit({.rate = 1, .burst = 2, .key = by_subject})).get("/mine", [] { return "mine"; });
    auto as = [&](const char* who, const char* from) {
        const std::string token = *who == '\0' ? "" : "Authorization: Bearer " + std::string(who) + "\r\n";
        return refused_of(service, from, 3, "/mine", token);
    };
    CHECK(as("ann", "192.0.2.1") == 1);
    CHECK(as("ann", "192.0.2.2") == 3);
    CHECK(as("bob", "192.0.2.1") == 1);
    CHECK(as("", "192.0.2.1") == 1);
    CHECK(as("", "192.0.2.1") == 3);
    CHECK(as("", "192.0.2.2") == 1);
}

TEST_CASE("the outermost layer decides whose limit it is, and its responses report it") {
    limited_service outside({.rate = 1, .burst = 2, .key = by_subject});
    outside.app.with(signed_in_by_token()).get("/mine", [] { return "mine"; });
    const std::string ann = "Authorization: Bearer ann\r\n";
    CHECK(outside.ask("192.0.2.1", "/mine", ann).header("ratelimit") == "\"default\";r=1;t=1");
    CHECK(outside.ask("192.0.2.1", "/mine").status == 401); // also counts by address
    CHECK(outside.ask("192.0.2.1", "/mine", ann).status == 429);
}

TEST_CASE("limits by route, by field and by functions of the request") {
    limited_service routes({.rate = 1, .burst = 2, .key = by_route});
    CHECK(refused_of(routes, "192.0.2.1", 1, "/users/1") == 0);
    CHECK(refused_of(routes, "192.0.2.2", 2, "/users/2") == 1);
    CHECK(refused_of(routes, "192.0.2.1", 2, "/todos") == 0);
    limited_service fields({.rate = 1, .burst = 2, .key = by_header("X-Api-Key")});
    CHECK(refused_of(fields, "192.0.2.1", 3, "/todos", "X-Api-Key: one\r\n") == 1);
    CHECK(refused_of(fields, "192.0.2.1", 3, "/todos", "X-Api-Key: two\r\n") == 1);
    CHECK(refused_of(fields, "192.0.2.1", 3) == 1);
    CHECK(refused_of(fields, "192.0.2.2", 3) == 1);
    // no key: an address may start with these bytes
    CHECK(refused_of(fields, "192.0.2.3", 1, "/todos", "X-Api-Key: \xff\xfe\xfd\r\n") == 0);
    CHECK(refused_of(fields, "192.0.2.3", 2) == 1);
    auto owned = [](const request& req) { return "a key that isn't short: " + std::string(req.query()); };
    auto viewed = [](const request& req) { return req.query(); };
    for (rate_key key : {rate_key(owned), rate_key(viewed)}) {
        limited_service own({.rate = 1, .burst = 2, .key = std::move(key)});
        CHECK(refused_of(own, "192.0.2.1", 3, "/todos?tenant=1") == 1);
        CHECK(refused_of(own, "192.0.2.1", 3, "/todos?tenant=2") == 1);
    }
}

TEST_CASE("several limits of a route have names, and only the outermost refusal counts") {
    limited_service service({.rate = 1, .burst = 3, .fields = {.name = "all"}});
    const auto each = rate_limit({.rate = 1, .burst = 1, .key = by_address, .fields = {.name = "client"}});
    service.app.with(each).get("/both", [] { return "both"; });
    const auto first = service.ask("192.0.2.1", "/both");
    CHECK(first.status == 200);
    std::string policies;
    std::string limits;
    for (const auto& [name, value] : first.headers) {
        if (name == "ratelimit-policy") policies += value + "|";
        if (name == "ratelimit") limits += value + "|";
    }
    CHECK(policies == "\"client\";q=1;w=1|\"all\";q=3;w=3|");
    CHECK(limits == "\"client\";r=0;t=1|\"all\";r=2;t=1|");
    CHECK(service.ask("192.0.2.1", "/both").status == 429);
    CHECK(service.ask("192.0.2.2", "/both").status == 200);
    const auto refused = service.ask("192.0.2.3", "/both");
    CHECK(refused.status == 429);
    CHECK(refused.header("ratelimit") == "\"all\";r=0;t=3");
    service.time.advance(1s);
    CHECK(service.ask("192.0.2.3", "/both").status == 200); // its own limit wasn't touched
}

TEST_CASE("the response fields are optional") {
    limited_service silent({.rate = 1, .burst = 1, .fields = {.standard = false}});
    CHECK(silent.ask("192.0.2.1").header("ratelimit").empty());
    const auto refused = silent.ask("192.0.2.1");
    CHECK(refused.status == 429);
    CHECK(refused.header("retry-after") == "1");
    CHECK(refused.header("ratelimit").empty());
    limited_service old({.rate = 0.1, .burst = 2, .fields = {.standard = false, .legacy = true}});
    const auto said = old.ask("192.0.2.1");
    CHECK(said.header("x-ratelimit-limit") == "2");
    CHECK(said.header("x-ratelimit-remaining") == "1");
    CHECK(said.header("x-ratelimit-reset") == "10");
    limited_service open({.rate = std::numeric_limits<double>::infinity()});
    CHECK(open.ask("192.0.2.1").status == 200);
    CHECK(open.ask("192.0.2.1").header("ratelimit").empty());
    limited_service closed({.rate = 0});
    const auto never = closed.ask("192.0.2.1");
    CHECK(never.status == 429);
    CHECK(never.header("retry-after").empty());
    CHECK(never.header("ratelimit") == "\"default\";r=0;t=0");
}

TEST_CASE("a limit may be shared between routes and other code") {
    manual_clock time;
    token_bucket bucket({.rate = 1, .burst = 2, .time = &time});
    fixed_window_limiter window({.limit = 2, .window = 1min, .time = &time});
    keyed_bucket users({.rate = 1, .burst = 2, .time = &time});
    keyed_sliding_window windows({.limit = 2, .window = 1min, .time = &time});
    middleware layers[] = {
        rate_limit(bucket), rate_limit(window), rate_limit(users, by_address), rate_limit(windows, by_address)};
    for (auto& layer : layers) {
        limited_service service(std::move(layer));
        CHECK(refused_of(service, "192.0.2.1", 3) == 1);
    }
    CHECK(!bucket.try_acquire());
    CHECK(bucket.stats().refused == 2);
    CHECK(window.stats().allowed == 2);
    CHECK(users.stats().keys == 1);
    CHECK(windows.stats().refused == 1);
}

TEST_CASE("a limit that needs a round trip answers like the others, and its failure with an error") {
    shared_elsewhere limit;
    limited_service service(rate_limit(limit, by_address, {.legacy = true}));
    for (const char* target : {"/todos", "/later", "/failing"}) {
        const auto res = service.ask("192.0.2.1", target);
        CHECK(res.status != 429);
        CHECK(res.header("ratelimit").starts_with("\"default\";r="));
        CHECK(res.header("x-ratelimit-limit") == "3");
    }
    const auto refused = service.ask("192.0.2.1");
    CHECK(refused.status == 429);
    CHECK(refused.header("ratelimit") == "\"default\";r=0;t=3");
    CHECK(refused.header("retry-after") == "1");
    CHECK(service.handled == 1);
    CHECK(service.ask("192.0.2.2").status == 200); // another key
    limit.failure = errc::deadline_exceeded;
    const auto failed = service.ask("192.0.2.1");
    CHECK(failed.status == 504);
    CHECK(failed.header("ratelimit").empty());
    CHECK(service.handled == 2);
}

TEST_CASE("a client that waits for 100 Continue is refused before the body, and counts once") {
    limited_service service({.rate = 1, .burst = 1});
    test_client client(service.app, {.clock = &service.time});
    const std::string head = "POST /todos HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    client.write(head);
    CHECK(client.output().starts_with("HTTP/1.1 100 "));
    client.write("milk");
    const auto res = client.receive();
    CHECK(res.status == 200);
    CHECK(res.body == "milk");
    CHECK(res.header("ratelimit") == "\"default\";r=0;t=1");
    client.write(head);
    const auto refused = client.receive();
    CHECK(refused.status == 429);
    CHECK(refused.header("ratelimit") == "\"default\";r=0;t=1");
}

TEST_CASE("a key that throws answers 500 and uses no quota") {
    limited_service service({.rate = 1, .burst = 1, .key = [](const request& req) -> std::string {
                                 if (req.query() == "broken") throw std::runtime_error("no key");
                                 return "all";
                             }});
    CHECK(service.ask("192.0.2.1", "/todos?broken").status == 500);
    CHECK(service.ask("192.0.2.1").status == 200);
    CHECK(service.ask("192.0.2.1").status == 429);
}

TEST_CASE("invalid options of rate_limit are refused by name") {
    CHECK(wrong_rate_limit({.rate = -1}) ==
          "weir: token_bucket: rate = -1: accepted 0 or more, infinity() for no limit");
    CHECK(wrong_rate_limit({.burst = 0}) == "accepted");
    CHECK(wrong_rate_limit({.key = by_address, .max_keys = 0}) ==
          "weir: keyed_limiter: max_keys = 0: accepted 1 or more");
    for (const char* name : {"", "a\"b", "a\\b", "a\nb", "\xc3\xa4"})
        CHECK(wrong_rate_limit({.fields = {.name = name}}) ==
              "weir: rate_limit: name = " + std::string(name) +
                  ": accepted printable ASCII without quotes and backslashes");
}
