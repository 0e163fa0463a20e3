// SPDX-License-Identifier: MIT
#include <weir/http/middleware/same_origin.hpp>
#include <weir/http/middleware/trusted_proxies.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir;

namespace {

int origin_status(const router& app, http::method verb, const std::string& fields) {
    test_client client(app);
    const std::string name(http::name(verb));
    client.write(
        name + " / HTTP/1.1\r\n" + fields + (verb == http::method::post ? "content-length: 0\r\n\r\n" : "\r\n"));
    return client.receive(verb == http::method::head).status;
}

struct origin_fixture {
    router app;

    origin_fixture() {
        app.use(same_origin({.origins = {"https://admin.example.com"}}));
        app.get("/", [] { return response(200); });
        app.post("/", [] { return response(200); });
        app.del("/", [] { return response(200); });
    }

    int post(std::string origin, std::string site = {}, http::method verb = http::method::post) {
        return origin_status(
            app, verb, "host: shop.example.com\r\n" + line("origin", origin) + line("sec-fetch-site", site));
    }

    static std::string line(std::string name, const std::string& value) {
        return value.empty() ? value : name + ": " + value + "\r\n";
    }
};

} // namespace

TEST_CASE_FIXTURE(origin_fixture, "a page of the service itself may change things") {
    CHECK(post("https://shop.example.com", "same-origin") == 200);
    CHECK(post("https://shop.example.com") == 200);
    CHECK(post("https://SHOP.example.com:443") == 200);
    CHECK(post("http://shop.example.com") == 200);
    CHECK(post("", "same-origin") == 200);
    CHECK(post("", "none") == 200);
}

TEST_CASE_FIXTURE(origin_fixture, "a page of another site may not") {
    CHECK(post("https://evil.example", "cross-site") == 403);
    CHECK(post("https://evil.example") == 403);
    CHECK(post("https://evil.example/shop.example.com") == 403);
    CHECK(post("https://shop.example.com.evil.example") == 403);
    CHECK(post("https://shop.example.com:8443") == 403);
    CHECK(post("null") == 403);
    CHECK(post("", "cross-site") == 403);
    CHECK(post("https://other.example.com", "same-site") == 403);
    CHECK(post("https://shop.example.com", "cross-site") == 403);
    CHECK(post("https://evil.example", "cross-site", http::method::delete_) == 403);
    CHECK(post("https://evil.example", "SAME-ORIGIN") == 403);
}

TEST_CASE_FIXTURE(origin_fixture, "other sites may read, and clients that aren't browsers may do everything") {
    CHECK(post("https://evil.example", "cross-site", http::method::get) == 200);
    CHECK(post("https://evil.example", "cross-site", http::method::head) == 200);
    CHECK(post("") == 200);
}

TEST_CASE_FIXTURE(origin_fixture, "listed origins may change things") {
    CHECK(post("https://admin.example.com", "same-site") == 200);
    CHECK(post("https://admin.example.com:443") == 200);
    CHECK(post("http://admin.example.com") == 403);
    CHECK_THROWS_AS(same_origin({.origins = {"admin.example.com"}}), std::invalid_argument);
    CHECK_THROWS_AS(same_origin({.origins = {"https://admin.example.com/"}}), std::invalid_argument);
    CHECK_THROWS_AS(same_origin({.origins = {"https://"}}), std::invalid_argument);
    CHECK_THROWS_AS(same_origin({.origins = {"*"}}), std::invalid_argument);
}

TEST_CASE("behind a trusted proxy the requested host is the one that the browser asked for") {
    router app;
    app.use(http::trusted_proxies({.proxies = {"127.0.0.1"}}));
    app.use(same_origin());
    app.post("/", [] { return response(200); });
    const std::string proxied =
        "host: backend:8080\r\nx-forwarded-host: shop.example.com\r\n"
        "x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: https\r\n";
    CHECK(origin_status(app, http::method::post, proxied + "origin: https://shop.example.com\r\n") == 200);
    CHECK(origin_status(app, http::method::post, proxied + "origin: http://shop.example.com\r\n") == 403);
    CHECK(origin_status(app, http::method::post, proxied + "origin: https://backend:8080\r\n") == 403);
}
