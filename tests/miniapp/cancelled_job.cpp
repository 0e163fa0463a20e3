// SPDX-License-Identifier: MIT
// A request's database job outlives the request's connection; also meant for AddressSanitizer.
#include <weir/http/router.hpp>
#include <weir/orm/database.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace weir;

namespace {

// A handler whose transaction runs on the database's thread until the test releases it.
struct slow_service {
    database db{patient()};
    std::promise<void> entered;
    std::promise<void> leave;
    std::string seen; // by the handler, on the client's loop
    router routes;

    static database_options patient() {
        database_options options;
        options.url = ":memory:";
        options.statement_timeout = std::chrono::hours(1); // only a cancellation ends a statement
        return options;
    }

    slow_service() {
        routes.post("/count", [this](request& req) -> task<result<std::string>> {
            std::string of_job;
            auto body = [&](orm::transaction& tx) -> result<std::string> {
                if (auto made = tx.execute("CREATE TABLE counted (n INTEGER)"); !made) return made.error();
                if (auto stored = tx.execute("INSERT INTO counted VALUES (?)", 1); !stored) return stored.error();
                entered.set_value();
                leave.get_future().wait();
                of_job = std::string(req.header("x-name")) + std::string(req.body()); // both are still there
                return of_job;
            };
            const auto ended = co_await db.transaction(body);
            seen = of_job + (ended ? " stored" : " " + std::string(ended.error().code()));
            co_return seen;
        });
    }
};

} // namespace

TEST_CASE_FIXTURE(slow_service, "a cancelled request lives until its transaction has ended and is rolled back") {
    auto client = std::make_unique<test_client>(routes);
    client->write("POST /count HTTP/1.1\r\nHost: a\r\nX-Name: patient \r\nContent-Length: 4\r\n\r\nbody");
    client->poll();
    entered.get_future().wait();
    client->reset();
    client->poll();
    CHECK(seen.empty()); // neither answered nor abandoned
    leave.set_value();
    while (seen.empty()) client->loop().run_one();
    CHECK(seen == "patientbody cancelled");

    const auto tables =
        client->loop().block_on(db.query<std::int64_t>("SELECT count(*) FROM sqlite_master WHERE name = 'counted'"));
    CHECK(tables.value() == std::vector<std::int64_t>{0});
}

TEST_CASE_FIXTURE(slow_service, "a cancelled request interrupts its running statement") {
    routes.get("/forever", [this]() -> task<result<std::string>> {
        auto body = [&](orm::reader& r) -> result<std::int64_t> {
            entered.set_value();
            const auto rows = r.query<std::int64_t>(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
            if (!rows) return rows.error();
            return rows->front();
        };
        const auto ended = co_await db.read(body);
        seen = ended ? "ended" : ended.error().code();
        co_return seen;
    });
    auto client = std::make_unique<test_client>(routes);
    client->write("GET /forever HTTP/1.1\r\nHost: a\r\n\r\n");
    client->poll();
    entered.get_future().wait();
    client->reset();
    while (seen.empty()) client->loop().run_one();
    CHECK(seen == "cancelled");
}
