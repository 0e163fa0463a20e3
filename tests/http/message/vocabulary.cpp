// SPDX-License-Identifier: MIT
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace weir;

TEST_CASE("fields, statuses and methods work by name as well as by string and number") {
    router app;
    app.get("/agent", [](const request& req) {
        response res(status::accepted);
        res.body = req.header(field_name::user_agent);
        res.headers.set(field_name::cache_control, "no-store").add(field_name::vary, "User-Agent");
        return res;
    });
    app.get("/job", [] { return http::with_status(status::accepted, std::string("queued")); });
    test_client client(app);
    client.header("user-agent", "wx");
    const auto res = client.get("/agent");
    CHECK(res.status == 202);
    CHECK(res.body == "wx");
    CHECK(res.header("cache-control") == "no-store");
    CHECK(res.header("vary") == "User-Agent");
    CHECK(client.get("/job").status == 202);
}

TEST_CASE("a list of fields is read, changed and cleared by name") {
    http::header_list fields;
    fields.set(field_name::content_type, "text/plain");
    CHECK(fields.contains("content-type"));
    CHECK(fields.contains(field_name::content_type));
    CHECK(fields.find(field_name::content_type) == "text/plain");
    fields.erase(field_name::content_type);
    CHECK(fields.empty());
}

TEST_CASE("an unusual method is routed like others, and refused if no route has it") {
    router app;
    http::handler purge;
    purge.plain = [](request&, response& out) { out.body = "purged"; };
    app.add(http::method::purge, "/cache", std::move(purge));
    test_client client(app);
    CHECK(client.send(http::method::purge, "/cache").body == "purged");
    const auto other = client.send(http::method::propfind, "/cache");
    CHECK(other.status == 405);
    CHECK(other.header("allow") == "OPTIONS, PURGE");
}

TEST_CASE("a status has its registered reason, and an unregistered number says so") {
    CHECK(http::reason(200) == "OK");
    CHECK(http::reason(429) == "Too Many Requests");
    CHECK(http::reason(599) == "Network Connect Timeout Error");
    CHECK(http::reason(299) == "Unknown");
    CHECK(http::reason(-1) == "Unknown");
}
