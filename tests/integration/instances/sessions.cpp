// SPDX-License-Identifier: MIT
// labels: integration
#include "support/redis_server.hpp"
#include <weir/http/middleware/sessions.hpp>
#include <weir/http/router.hpp>
#include <weir/redis/session_store.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// One instance of a service whose sessions are in Redis.
class shop_instance {
public:
    explicit shop_instance(const test_support::redis_server& server)
        : db_({.url = server.url(), .timeout = 200ms, .connect_wait = 50ms}), store_(db_) {
        app_.use(sessions(store_));
        app_.get("/", [] { return "open"; });
        app_.post("/cart", [](session& s) {
            s.set("items", s.get_or<int>("items") + 1).value();
            return std::to_string(s.get_or<int>("items"));
        });
        app_.post("/login", [](session& s) -> result<void> { return s.login(principal{"ann", {}}); });
        app_.post("/logout", [](session& s) { s.invalidate(); });
        app_.with(authenticate_session()).get("/me", [](principal who) { return who.subject; });
        app_.with(authenticate_session()).post("/out", [this](const session& s) -> task<result<void>> {
            auto ended = co_await store_.erase_all_of(s.user());
            if (!ended) co_return ended.error();
            co_return ok();
        });
    }

    /// Sends a request with the browser's cookie, and keeps the one that is answered.
    testing::test_response send(http::method verb, std::string_view target, std::string& cookie) {
        if (!client_) client_.emplace(app_);
        client_->header("cookie", cookie);
        auto got = client_->send(verb, target, "");
        const std::string field = got.header("set-cookie");
        if (!field.empty()) cookie = field.substr(0, field.find(';'));
        return got;
    }
    std::string post(std::string_view target, std::string& cookie) {
        const auto got = send(http::method::post, target, cookie);
        return got.status < 300 ? got.body : std::to_string(got.status);
    }
    std::string get(std::string_view target, std::string& cookie) {
        const auto got = send(http::method::get, target, cookie);
        return got.status < 300 ? got.body : std::to_string(got.status);
    }

private:
    redis::client db_;
    redis::session_store store_;
    router app_;
    std::optional<test_client> client_;
};

struct two_instances {
    test_support::redis_server server;
    std::unique_ptr<shop_instance> one = std::make_unique<shop_instance>(server);
    shop_instance other{server};
    std::string cookie;
};

} // namespace

TEST_CASE_FIXTURE(two_instances, "two instances share a session, and it outlives one of them") {
    CHECK(one->post("/cart", cookie) == "1");
    CHECK(other.post("/cart", cookie) == "2");
    const std::string planted = cookie;
    CHECK(one->post("/login", cookie) == "");
    CHECK(cookie != planted);
    CHECK(other.get("/me", cookie) == "ann");
    one = std::make_unique<shop_instance>(server);
    CHECK(one->get("/me", cookie) == "ann");
    CHECK(one->post("/cart", cookie) == "3");
    std::string old = planted;
    CHECK(other.get("/me", old) == "401");
}

TEST_CASE_FIXTURE(two_instances, "a logout at one instance holds at the other") {
    one->post("/login", cookie);
    const std::string ended = cookie;
    CHECK(other.get("/me", cookie) == "ann");
    CHECK(one->post("/logout", cookie) == "");
    cookie = ended;
    CHECK(other.get("/me", cookie) == "401");

    std::string phone;
    one->post("/login", cookie);
    other.post("/login", phone);
    CHECK(one->post("/out", cookie) == "");
    CHECK(other.get("/me", phone) == "401");
    CHECK(other.get("/me", cookie) == "401");
}

TEST_CASE_FIXTURE(two_instances, "without Redis, only requests that need a session fail") {
    one->post("/login", cookie);
    server.freeze();
    CHECK(one->get("/me", cookie) == "503");
    CHECK(one->get("/", cookie) == "open");
    server.thaw();
    CHECK(one->get("/me", cookie) == "ann");
    server.kill();
    CHECK(one->get("/me", cookie) == "503");
    CHECK(one->post("/cart", cookie) == "503");
    CHECK(one->get("/", cookie) == "open");
    std::string fresh;
    CHECK(one->get("/me", fresh) == "401");
    server.start();
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (one->get("/me", cookie) == "503" && std::chrono::steady_clock::now() < deadline) continue;
    CHECK(one->get("/me", cookie) == "401"); // Redis came back empty
    CHECK(one->post("/login", cookie) == "");
    CHECK(one->get("/me", cookie) == "ann");
}
