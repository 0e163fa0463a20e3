// SPDX-License-Identifier: MIT
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/cors.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace weir;
using http::cors_options;
using http::method;

namespace {

constexpr const char* ours = "https://app.example.com";

// A service with a policy, and a client that sends an origin.
struct cors_service {
    router app;
    std::optional<test_client> client;

    explicit cors_service(cors_options options) {
        app.use(cors(std::move(options)));
        app.use([](request& req) -> result<void> {
            if (req.path() == "/private") return errc::unauthenticated;
            return ok();
        });
        app.get("/todos", [] { return "todos"; });
        app.post("/todos", [] { return "made"; });
        app.get("/private", [] { return "secret"; });
        app.get("/broken", []() -> std::string { throw std::runtime_error("broken"); });
        client.emplace(app);
    }

    testing::test_response from(const char* origin, const char* target = "/todos", method verb = method::get) {
        client->header("origin", origin);
        return client->send(verb, target);
    }

    testing::test_response preflight(const char* origin, const char* target, const char* wanted) {
        client->header("access-control-request-method", wanted);
        auto res = from(origin, target, method::options);
        client->header("access-control-request-method", "");
        return res;
    }
};

bool shared(const testing::test_response& res) { return !res.header("access-control-allow-origin").empty(); }

std::string refusal(cors_options options) {
    try {
        cors(std::move(options));
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("a listed origin may read, any other gets no CORS field") {
    cors_service service({.origins = {ours, "http://localhost:5173"}});
    const auto res = service.from(ours);
    CHECK(res.body == "todos");
    CHECK(res.header("access-control-allow-origin") == ours);
    CHECK(res.header("access-control-allow-credentials").empty());
    CHECK(service.from("http://localhost:5173").header("access-control-allow-origin") == "http://localhost:5173");
    for (const char* foreign : {"https://evil.example", "https://app.example.com.evil.example", "null", "*",
                                "https://app.example.com:8443", "http://app.example.com", "https://APP.example.com"}) {
        CAPTURE(foreign);
        const auto refused = service.from(foreign);
        CHECK(refused.status == 200);
        CHECK(!shared(refused));
        CHECK(refused.header("vary") == "Origin");
    }
}

TEST_CASE("with credentials a listed origin gets both fields, another one neither") {
    cors_service service({.origins = {ours}, .credentials = true});
    const auto res = service.from(ours);
    CHECK(res.header("access-control-allow-origin") == ours);
    CHECK(res.header("access-control-allow-credentials") == "true");
    for (const char* foreign : {"https://evil.example", "https://app.example.com.evil.example", "null", ""}) {
        CAPTURE(foreign);
        for (const char* target : {"/todos", "/private", "/nowhere"}) {
            const auto refused = service.from(foreign, target);
            CHECK(!shared(refused));
            CHECK(refused.header("access-control-allow-credentials").empty());
        }
        CHECK(service.preflight(foreign, "/todos", "POST").header("access-control-allow-credentials").empty());
    }
}

TEST_CASE("Vary contains Origin even without one, and keeps its other names") {
    cors_service service({.origins = {ours}});
    CHECK(service.from("").header("vary") == "Origin");
    CHECK(service.from(ours).header("vary") == "Origin");
    router app;
    app.use(cors({.origins = {ours}}));
    app.get("/", [] {
        response res;
        res.headers.add("vary", "Accept").add("vary", "Accept-Language");
        return res;
    });
    app.get("/said", [] {
        response res;
        res.headers.add("vary", "accept, origin");
        return res;
    });
    test_client client(app);
    CHECK(client.get("/").header("vary") == "Accept, Accept-Language, Origin");
    CHECK(client.get("/said").header("vary") == "accept, origin");
}

TEST_CASE("without a list no origin may read") {
    cors_service service({});
    CHECK(!shared(service.from(ours)));
    CHECK(!shared(service.preflight(ours, "/todos", "POST")));
}

TEST_CASE("a preflight request is answered with 204 and the path's methods, and may be cached") {
    cors_service service({.origins = {ours}});
    const auto res = service.preflight(ours, "/todos", "POST");
    CHECK(res.status == 204);
    CHECK(res.body.empty());
    CHECK(res.header("access-control-allow-origin") == ours);
    CHECK(res.header("access-control-allow-methods") == "GET, HEAD, POST, OPTIONS");
    CHECK(res.header("access-control-allow-headers") == "authorization, content-type");
    CHECK(res.header("access-control-max-age") == "600");
    CHECK(res.header("vary") == "Origin");
}

TEST_CASE("a preflight request carries no credentials, so no inner layer may refuse it") {
    cors_service service({.origins = {ours}, .credentials = true});
    const auto res = service.preflight(ours, "/private", "GET");
    CHECK(res.status == 204);
    CHECK(res.header("www-authenticate").empty());
    CHECK(res.header("content-type").empty());
    CHECK(res.header("access-control-allow-credentials") == "true");
    CHECK(res.header("access-control-allow-methods") == "GET, HEAD, OPTIONS");
    CHECK(service.preflight("https://evil.example", "/private", "GET").status == 401);
}

TEST_CASE("a plain OPTIONS is answered by the router, with the fields of a simple response") {
    cors_service service({.origins = {ours}, .expose = {"x-total"}});
    const auto res = service.from(ours, "/todos", method::options);
    CHECK(res.status == 204);
    CHECK(res.header("allow") == "GET, HEAD, POST, OPTIONS");
    CHECK(res.header("access-control-allow-origin") == ours);
    CHECK(res.header("access-control-allow-methods").empty());
}

TEST_CASE("errors can be read as well: refusals, unknown paths, wrong methods and exceptions") {
    cors_service service({.origins = {ours}, .expose = {"retry-after", "x-total"}});
    const auto refused = service.from(ours, "/private");
    CHECK(refused.status == 401);
    CHECK(refused.header("access-control-allow-origin") == ours);
    CHECK(refused.header("access-control-expose-headers") == "retry-after, x-total");
    const auto unknown = service.from(ours, "/nowhere");
    CHECK(unknown.status == 404);
    CHECK(shared(unknown));
    const auto wrong = service.from(ours, "/todos", method::delete_);
    CHECK(wrong.status == 405);
    CHECK(wrong.header("allow") == "GET, HEAD, POST, OPTIONS");
    CHECK(shared(wrong));
    const auto broken = service.from(ours, "/broken");
    CHECK(broken.status == 500);
    CHECK(shared(broken));
}

TEST_CASE("a predicate decides about unlisted origins, but never about null") {
    cors_service service({.origins = {ours}, .allow = [](std::string_view origin) {
                              return origin == "null" || origin.ends_with(".preview.example.com");
                          }});
    CHECK(shared(service.from(ours)));
    CHECK(service.from("https://pr-7.preview.example.com").header("access-control-allow-origin") ==
          "https://pr-7.preview.example.com");
    CHECK(!shared(service.from("https://preview.example.com.evil.example")));
    CHECK(!shared(service.from("null")));
}

TEST_CASE("for all origins the field is a star, and Vary isn't needed") {
    cors_service service({.origins = {"*"}});
    const auto res = service.from("https://any.example");
    CHECK(res.header("access-control-allow-origin") == "*");
    CHECK(res.header("vary").empty());
    CHECK(!shared(service.from("")));
}

TEST_CASE("methods and headers may be listed") {
    cors_service service(
        {.origins = {ours},
         .methods = {method::put, method::get},
         .headers = {"x-openid"},
         .max_age = std::chrono::hours(2)});
    const auto res = service.preflight(ours, "/todos", "PUT");
    CHECK(res.header("access-control-allow-methods") == "GET, PUT");
    CHECK(res.header("access-control-allow-headers") == "x-openid");
    CHECK(res.header("access-control-max-age") == "7200");
}

TEST_CASE("invalid options are refused at start-up") {
    CHECK(refusal({.origins = {"*"}, .credentials = true}).find("\"*\" with credentials") != std::string::npos);
    CHECK(refusal({.origins = {"*", ours}}).find("must be the only origin") != std::string::npos);
    for (const char* origin :
         {"", "null", "app.example.com", "https://", "://a", "https://app.example.com/", "https://App.example.com",
          "https://*.example.com", "https://a b", "https://user@a", "https://a?b", "https://a, https://b"}) {
        CAPTURE(origin);
        CHECK(refusal({.origins = {origin}}).find("an origin must look like") != std::string::npos);
    }
    CHECK(refusal({.origins = {"https://a:443"}}).find("default port") != std::string::npos);
    CHECK(refusal({.origins = {"http://a:80"}}).find("default port") != std::string::npos);
    CHECK(refusal({.headers = {"a b"}}).find("not a header name") != std::string::npos);
    CHECK(refusal({.credentials = true, .expose = {"*"}}).find("has no meaning") != std::string::npos);
    CHECK(refusal({.methods = {method::unknown}}).find("unknown") != std::string::npos);
    CHECK(refusal({.max_age = std::chrono::seconds(-1)}).find("negative") != std::string::npos);
    CHECK(refusal({.origins = {"http://[::1]:3000", "capacitor://localhost"}}) == "accepted");
}
