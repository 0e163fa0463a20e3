// SPDX-License-Identifier: MIT
#include <weir/app/app.hpp>
#include <weir/http/client_info.hpp>
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/http/middleware/trusted_proxies.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

weir::run_options behind_nginx() {
    weir::run_options options;
    options.address = "127.0.0.1"; // only nginx reaches it
    options.port = 8080;
    options.drain = 20s;            // less than TimeoutStopSec of the unit
    options.limits.idle_time = 90s; // longer than nginx keeps idle connections (60 s), so that nginx closes first
    return options;
}

void trust_nginx(weir::app& app) {
    app.use(weir::request_id())
        .use(weir::trusted_proxies({.proxies = {"127.0.0.1", "::1"}}))
        .use(weir::access_log(app.log()));
    app.get("/whoami", [](weir::client_info from) { return from.address + " at " + from.scheme + "://" + from.host; });
}

TEST_CASE("the guide's service believes nginx about its clients, and nothing else") {
    weir::app app{weir::logger()};
    trust_nginx(app);
    weir::test_client nginx(app);
    nginx.header("x-forwarded-for", "198.51.100.7").header("x-forwarded-proto", "https");
    nginx.header("x-forwarded-host", "shop.example");
    CHECK(nginx.get("/whoami").body == "198.51.100.7 at https://shop.example");
    weir::test_client stranger(app, {.remote_address = "203.0.113.9"});
    stranger.header("x-forwarded-for", "198.51.100.7").header("x-forwarded-proto", "https");
    CHECK(stranger.get("/whoami").body.starts_with("203.0.113.9 at http://"));
    CHECK(behind_nginx().drain == 20s);
}
