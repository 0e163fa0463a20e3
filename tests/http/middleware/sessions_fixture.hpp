// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/middleware/sessions.hpp>
#include <weir/http/router.hpp>
#include <weir/security/memory_session_store.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/asio/post.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace test_support {

using namespace weir;

// A store in memory that counts its calls, and fails while it is broken.
class counted_store final : public session_store {
public:
    explicit counted_store(const weir::clock& time) : kept_({.clock = &time}) {}

    int calls = 0;
    errc broken = errc::ok;

    task<result<session_record>> load(std::string_view key) override {
        if (fails()) co_return error(broken, "redis://10.0.0.7 is gone");
        co_return co_await kept_.load(key);
    }
    task<result<void>> create(std::string_view key, const session_changes& first) override {
        if (fails()) co_return broken;
        co_return co_await kept_.create(key, first);
    }
    task<result<void>> save(std::string_view key, const session_changes& changes) override {
        if (fails()) co_return broken;
        co_return co_await kept_.save(key, changes);
    }
    task<result<void>> rename(std::string_view from, std::string_view to, const session_changes& changes) override {
        if (fails()) co_return broken;
        co_return co_await kept_.rename(from, to, changes);
    }
    task<result<void>> erase(std::string_view key) override {
        if (fails()) co_return broken;
        co_return co_await kept_.erase(key);
    }
    task<result<std::vector<session_info>>> sessions_of(std::string_view user) override {
        return kept_.sessions_of(user);
    }
    task<result<std::size_t>> erase_others_of(std::string_view user, std::string_view key) override {
        return kept_.erase_others_of(user, key);
    }
    session_stats stats() const override { return kept_.stats(); }

private:
    bool fails() {
        ++calls;
        return broken != errc::ok;
    }

    memory_session_store kept_;
};

// Returns the value of a response's cookie, and `deleted` for one that the browser drops.
inline std::string session_cookie(const testing::test_response& got, std::string_view name = "__Host-sid") {
    const std::string field = got.header("set-cookie");
    if (!field.starts_with(std::string(name) + '=')) return {};
    if (field.find("Max-Age=0") != std::string::npos) return "deleted";
    return field.substr(name.size() + 1, field.find(';') - name.size() - 1);
}

struct sessions_fixture {
    manual_clock time;
    counted_store store{time};
    http::sessions_options options{.session = {.clock = &time}};
    router app;
    std::string id; // of the browser's cookie

    void mount() {
        app.use(sessions(store, options));
        app.get("/plain", [] { return "plain"; });
        app.get("/count", [](session& s) {
            const int visits = s.get_or<int>("visits", 0) + 1;
            s.set("visits", visits).value();
            return std::to_string(visits);
        });
        app.get("/look", [](const session& s) { return s.is_new() ? "new" : "known"; });
        app.get("/later", [](session& s) -> task<std::string> {
            s.set("later", true).value();
            co_await boost::asio::post(use_task);
            co_return s.user();
        });
        app.post("/login", [](session& s) -> result<void> { return s.login(principal{"ann", {"orders:read"}}); });
        app.post("/logout", [](session& s) { s.invalidate(); });
        app.get("/fail", [](session& s) -> result<std::string> {
            s.set("failed", true).value();
            return errc::conflict;
        });
        app.get("/maybe", [](request& req) -> task<result<std::string>> {
            if (req.query() != "yes") co_return "without";
            auto loaded = co_await load_session(req);
            if (!loaded) co_return loaded.error();
            (*loaded)->set("maybe", 1).value();
            co_return find_session(req) == *loaded ? "with" : "another";
        });
        app.route("/account", [](router& account) {
            account.use(authenticate_session());
            account.get("/", [](principal who) { return who.subject; });
            account.with(require("orders:read")).get("/orders", [] { return "orders"; });
            account.with(require("orders:write")).get("/change", [] { return "changed"; });
        });
    }

    // Sends the cookie like a browser, and keeps the one that is answered.
    testing::test_response send(http::method verb, std::string_view target) {
        test_client client(app, {.clock = &time});
        if (!id.empty()) client.header("cookie", "theme=dark; __Host-sid=" + id);
        auto got = client.send(verb, target, "");
        const std::string given = session_cookie(got);
        if (given == "deleted")
            id.clear();
        else if (!given.empty())
            id = given;
        return got;
    }
    testing::test_response get(std::string_view target) { return send(http::method::get, target); }
    testing::test_response post(std::string_view target) { return send(http::method::post, target); }
};

} // namespace test_support
