// SPDX-License-Identifier: MIT
#include "support/redis_server.hpp"
#include <weir/http/middleware/sessions.hpp>
#include <weir/http/router.hpp>
#include <weir/redis/session_store.hpp>
#include <weir/security/memory_session_store.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

// Redis if its URL is configured, and this process's memory otherwise.
class session_engine {
    std::optional<weir::redis::client> redis_;
    std::unique_ptr<weir::session_store> store_;

public:
    explicit session_engine(const std::string& url) {
        if (url.empty()) {
            store_ = std::make_unique<weir::memory_session_store>();
            return;
        }
        redis_.emplace(url);
        store_ = std::make_unique<weir::redis::session_store>(*redis_);
    }

    weir::session_store& store() { return *store_; }
};

TEST_CASE("the guide's sessions are in Redis or in memory") {
    const test_support::redis_server server;
    for (const std::string& url : {std::string(), server.url()}) {
        session_engine engine(url);
        weir::router app;
        app.use(weir::sessions(engine.store()));
        app.get("/", [](weir::session& s) {
            const int visits = s.get_or<int>("visits") + 1;
            s.set("visits", visits).value();
            return std::to_string(visits);
        });
        weir::test_client client(app);
        const std::string field = client.get("/").header("set-cookie");
        client.header("cookie", field.substr(0, field.find(';')));
        CHECK(client.get("/").body == "2");
    }
}
