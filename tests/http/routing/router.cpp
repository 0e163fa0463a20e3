// SPDX-License-Identifier: MIT
#include <weir/http/body_writer.hpp>
#include <weir/http/client.hpp>
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/cors.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <map>
#include <stdexcept>

using namespace weir;

namespace {

struct todo {
    std::int64_t id{};
    std::string text{};
    bool done{};
};
BOOST_DESCRIBE_STRUCT(todo, (), (id, text, done))

struct new_todo {
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(new_todo, (), (text))

struct listing {
    std::optional<std::string> q{};
    std::int64_t page = 1;
    std::int64_t size = 20;
};
BOOST_DESCRIBE_STRUCT(listing, (), (q, page, size))

} // namespace

template<>
inline constexpr auto weir::schema<new_todo> =
    weir::object().field(&new_todo::text, weir::not_empty, weir::max_length(200));

template<>
inline constexpr auto weir::schema<listing> = weir::object().field(&listing::size, weir::range(1, 100));

namespace {

class todo_api {
    std::map<std::int64_t, todo> rows_;

public:
    result<todo> show(path<"id", std::int64_t> id) {
        const auto found = rows_.find(id);
        if (found == rows_.end()) return error(errc::not_found, "todos " + std::to_string(*id) + " not found");
        return found->second;
    }

    task<result<created<todo>>> create(body<new_todo> in) {
        const auto id = static_cast<std::int64_t>(rows_.size()) + 1;
        todo row{id, in->text, false};
        rows_[id] = row;
        co_return created{row, "/todos/" + std::to_string(id)};
    }

    result<void> remove(path<"id", std::int64_t> id) {
        if (rows_.erase(*id) == 0) return errc::not_found;
        return ok();
    }

    void mount(router& r) {
        r.get("/{id}", &todo_api::show, *this)
            .post("/", &todo_api::create, *this)
            .del("/{id}", &todo_api::remove, *this);
    }
};

struct todo_fixture {
    todo_api api;
    router app;

    todo_fixture() { app.route("/todos", api); }
};

} // namespace

TEST_CASE_FIXTURE(todo_fixture, "a missing todo is a 404 with a JSON error body") {
    test_client client(app);
    const auto res = client.get("/todos/7");
    CHECK(res.status == 404);
    CHECK(res.header("content-type") == "application/json");
    CHECK(res.body == R"({"code":"not_found","message":"todos 7 not found","details":[]})");
}

TEST_CASE_FIXTURE(todo_fixture, "a created todo has status 201, its location, and can be shown and removed") {
    test_client client(app);
    const auto made = client.post("/todos", R"({"text":"milk"})");
    CHECK(made.status == 201);
    CHECK(made.header("location") == "/todos/1");
    CHECK(made.body == R"({"id":1,"text":"milk","done":false})");
    CHECK(client.get("/todos/1").body == made.body);
    const auto gone = client.del("/todos/1");
    CHECK(gone.status == 204);
    CHECK(gone.body.empty());
    CHECK(gone.header("content-length").empty());
    CHECK(client.get("/todos/1").status == 404);
}

TEST_CASE_FIXTURE(todo_fixture, "an ill-typed path parameter is a 400 that names it") {
    test_client client(app);
    const auto res = client.get("/todos/seven");
    CHECK(res.status == 400);
    CHECK(res.body.find(R"("field":"id","rule":"type")") != std::string::npos);
    CHECK(client.get("/todos/99999999999999999999").status == 400);
}

TEST_CASE_FIXTURE(todo_fixture, "malformed JSON is 400, a violated rule 422, another media type 415") {
    test_client client(app);
    CHECK(client.post("/todos", R"({"text":)").status == 400);
    const auto wrong = client.post("/todos", R"({"text":5})");
    CHECK(wrong.status == 400);
    CHECK(wrong.body.find("text: expected string") != std::string::npos);
    const auto empty = client.post("/todos", R"({"text":""})");
    CHECK(empty.status == 422);
    CHECK(empty.body.find(R"("field":"text","rule":"not_empty")") != std::string::npos);
    const auto form = client.send(http::method::post, "/todos", "text=milk", "application/x-www-form-urlencoded");
    CHECK(form.status == 415);
    CHECK(form.body.find(R"("code":"unsupported_media_type")") != std::string::npos);
    const auto typed =
        client.send(http::method::post, "/todos", R"({"text":"a"})", "application/x+JSON; charset=utf-8");
    CHECK(typed.status == 201);
}

TEST_CASE_FIXTURE(todo_fixture, "another method is 405 with Allow, an unknown path 404") {
    test_client client(app);
    const auto res = client.put("/todos/1", "{}");
    CHECK(res.status == 405);
    CHECK(res.header("allow") == "DELETE, GET, HEAD, OPTIONS");
    CHECK(res.body.find(R"("code":"method_not_allowed")") != std::string::npos);
    CHECK(client.get("/nowhere").status == 404);
    CHECK(client.get("/todos/1/").status == 404);
}

TEST_CASE_FIXTURE(todo_fixture, "HEAD answers as GET without the body, OPTIONS lists the methods") {
    test_client client(app);
    client.post("/todos", R"({"text":"milk"})");
    const auto head = client.send(http::method::head, "/todos/1");
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(head.header("content-length") == "35");
    const auto options = client.send(http::method::options, "/todos/1");
    CHECK(options.status == 204);
    CHECK(options.header("allow") == "DELETE, GET, HEAD, OPTIONS");
}

TEST_CASE("OPTIONS * is answered with the methods that any route has") {
    router app;
    app.get("/{*rest}", [] { return "a"; });
    http::handler own;
    own.plain = [](request&, response& res) { res.body = "of this path"; };
    app.add(http::method::options, "/{*rest}", std::move(own));
    app.route("/group", [](router& group) { group.patch("/{id}", [] { return "b"; }); });
    test_client client(app);
    const auto res = client.send(http::method::options, "*");
    CHECK(res.status == 204);
    CHECK(res.header("allow") == "GET, HEAD, OPTIONS, PATCH");
    CHECK(res.body.empty());
    CHECK(client.send(http::method::options, "/x").body == "of this path");

    const router none;
    CHECK(test_client(none).send(http::method::options, "*").header("allow") == "OPTIONS");
}

TEST_CASE("query parameters bind to a struct with its defaults, types and rules") {
    router app;
    app.get("/list", [](query<listing> in) {
        return in->q.value_or("-") + " " + std::to_string(in->page) + " " + std::to_string(in->size) + "\n";
    });
    test_client client(app);
    CHECK(client.get("/list").body == "- 1 20\n");
    CHECK(client.get("/list?q=a%20b+c&page=3&unknown=1").body == "a b c 3 20\n");
    const auto typed = client.get("/list?page=x");
    CHECK(typed.status == 400);
    CHECK(typed.body.find(R"("field":"page")") != std::string::npos);
    CHECK(client.get("/list?size=101").status == 422);
    CHECK(client.get("/list?q=%zz").status == 400);
}

TEST_CASE("static segments take precedence over parameters and parameters over the wildcard") {
    router app;
    app.get("/a/{name}", [](path<"name", std::string> name) { return "parameter " + *name; });
    app.get("/a/fixed", [] { return "fixed"; });
    app.get("/a/{*rest}", [](path<"rest", std::string> rest) { return "rest " + *rest; });
    test_client client(app);
    CHECK(client.get("/a/fixed").body == "fixed");
    CHECK(client.get("/a/x%2Fy").body == "parameter x/y");
    CHECK(client.get("/a/b/c").body == "rest b/c");
}

TEST_CASE("a redirecting router sends /list/ to /list") {
    router app;
    app.on_trailing_slash(http::trailing_slash::redirect);
    app.get("/list", [] { return "list"; });
    test_client client(app);
    const auto res = client.get("/list/?page=2");
    CHECK(res.status == 308);
    CHECK(res.header("location") == "/list?page=2");
}

TEST_CASE("paths that try to leave their root are refused") {
    router app;
    app.get("/{*rest}", [](path<"rest", std::string> rest) { return *rest; });
    test_client client(app);
    for (const char* target : {"/../etc", "/a/%2e%2e/b", "/a/./b", "/%00", "/%ff", "/%4"}) {
        CAPTURE(target);
        CHECK(client.get(target).status == 400);
    }
}

TEST_CASE("setup errors are reported with the route") {
    router app;
    app.get("/a", [] { return "a"; });
    CHECK_THROWS_WITH_AS(app.get("/a", [] { return "b"; }), doctest::Contains("GET /a"), std::invalid_argument);
    CHECK_THROWS_AS(app.use([](request&) -> result<void> { return ok(); }), std::invalid_argument);
    CHECK_THROWS_AS(app.route("api", [](router&) {}), std::invalid_argument);
    CHECK_THROWS_AS(app.route("/u/{id}", [](router&) {}), std::invalid_argument);
}

TEST_CASE("a handler's exception is a bare 500, an error it throws keeps its status") {
    router app;
    app.get("/broken", []() -> std::string { throw std::runtime_error("password=hunter2"); });
    app.get("/thrown", []() -> std::string {
        const result<std::string> nothing = error(errc::conflict, "taken");
        return nothing.value();
    });
    app.get("/coroutine", []() -> task<std::string> {
        throw std::runtime_error("password=hunter2");
        co_return "";
    });
    test_client client(app);
    for (const char* target : {"/broken", "/coroutine"}) {
        const auto res = client.get(target);
        CHECK(res.status == 500);
        CHECK(res.body == R"({"code":"internal","message":"internal error","details":[]})");
    }
    CHECK(client.get("/thrown").status == 409);
}

TEST_CASE("a status that can't end a request is a 500, and the log has the original") {
    memory_log lines;
    router app;
    app.use(access_log(logger(lines.sink(), {.asynchronous = false})));
    app.use(http::cors({.origins = {"https://app.example"}}));
    app.get("/status/{code}", [](path<"code", int> code) {
        response res(*code);
        res.body = "secret";
        res.headers.set("x-secret", "1");
        return res;
    });
    app.get("/later/{code}", [](path<"code", int> code) -> task<response> { co_return response(*code); });
    app.get("/streamed", [] {
        auto res = stream([](body_writer& out) { return out.write("secret"); });
        res.status = 103;
        return res;
    });
    app.get("/forwarded", []() -> task<result<http::client_response>> { co_return http::client_response{}; });
    test_client client(app);
    client.header("origin", "https://app.example");
    for (const std::string target :
         {"/status/100", "/status/101", "/status/103", "/status/199", "/status/0", "/status/-1", "/status/99",
          "/status/600", "/later/101", "/later/0", "/streamed", "/forwarded"}) {
        CAPTURE(target);
        const auto res = client.get(target);
        CHECK(res.status == 500);
        CHECK(res.body == R"({"code":"internal","message":"internal error","details":[]})");
        CHECK(res.header("content-length") == std::to_string(res.body.size()));
        CHECK(res.header("access-control-allow-origin") == "https://app.example");
        CHECK(res.header("x-secret").empty());
        CHECK(!res.closes);
    }
    CHECK(client.send(http::method::head, "/status/100").status == 500);
    CHECK(client.get("/status/200").body == "secret");
    CHECK(client.get("/status/599").body == "secret");
    REQUIRE(lines.lines().size() == 15);
    CHECK(lines.lines()[1].find(R"("status":500)") != std::string::npos);
    CHECK(lines.lines()[1].find("the status 101 doesn't end a request") != std::string::npos);
    CHECK(lines.lines()[11].find("the status 0 doesn't end a request") != std::string::npos);
}

TEST_CASE("handlers return strings, nothing, responses and statuses") {
    router app;
    app.get("/text", [] { return "hi"; });
    app.get("/nothing", [](request& req) { req.attach(1); });
    app.get("/own", [] {
        response res(418);
        res.headers.set("x-kind", "teapot");
        res.body = "short and stout";
        return res;
    });
    app.get("/later", [] { return with_status{202, todo{1, "a", true}}; });
    app.get("/list", []() -> result<std::vector<todo>> { return std::vector{todo{1, "a", true}}; });
    test_client client(app);
    CHECK(client.get("/text").header("content-type") == "text/plain; charset=utf-8");
    CHECK(client.get("/nothing").status == 204);
    const auto own = client.get("/own");
    CHECK(own.status == 418);
    CHECK(own.header("x-kind") == "teapot");
    CHECK(own.body == "short and stout");
    CHECK(client.get("/later").status == 202);
    CHECK(client.get("/list").body == R"([{"id":1,"text":"a","done":true}])");
}

TEST_CASE("a response header can't break the framing") {
    router app;
    app.get("/", [](request& req) {
        response res;
        res.headers.set("x-echo", std::string("a\r\nx-evil: ") + std::string(req.query()));
        return res;
    });
    test_client client(app);
    const auto res = client.get("/?1");
    CHECK(res.status == 500);
    CHECK(res.header("x-evil").empty());
}
